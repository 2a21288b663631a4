"""The time zone that a container's TZ variable names."""


def zone_of(value: str | None) -> str | None:
    """The zone's IANA name in a TZ value such as `:America/Los_Angeles`; None where it has none.

    Moonfire takes off a leading colon and everything up to /zoneinfo/; `:/etc/localtime` names a
    file of the host, not a zone (tzset(3)).
    """
    name = (value or "").removeprefix(":").rpartition("/zoneinfo/")[2]
    return name if name and not name.startswith("/") else None

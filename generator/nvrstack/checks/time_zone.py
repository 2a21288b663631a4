"""Whether Moonfire finds its time zone, and it is this host's."""

from nvrstack.checks.verdict import Level, Verdict

ABOUT = "time zone"


def time_zone_verdict(wanted: str, host: str | None, *, has_data: bool) -> Verdict:
    """The verdict on `moonfire.timezone`; `has_data` says whether this host has the zone's file."""
    if not has_data:
        return Verdict(
            ABOUT,
            Level.PROBLEM,
            f"/usr/share/zoneinfo, which Moonfire reads, has no {wanted}",
            "sudo apt install tzdata (tzdata-legacy for names that are out of use)",
        )
    if host is not None and host != wanted:
        return Verdict(
            ABOUT,
            Level.WARNING,
            f"Moonfire shows times of {wanted}, this machine is set to {host}",
            f"nvrstack set moonfire.timezone {host} && nvrstack render && docker compose up -d",
        )
    return Verdict(ABOUT, Level.FINE, wanted)

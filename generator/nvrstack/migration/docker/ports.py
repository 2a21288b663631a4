"""Published ports, as docker and Compose read them alike.

https://docs.docker.com/engine/network/port-publishing/ and
https://docs.docker.com/reference/compose-file/services/#ports
"""

import re
from typing import Any

from nvrstack.migration.docker.csv_fields import fields_of
from nvrstack.migration.install import Port

_PORT = re.compile(
    r"(?:(?:(?P<ip>\[[0-9a-f:.]+\]|[0-9a-f:.]+):)?(?P<outside>\d+(?:-\d+)?)?:)?"
    r"(?P<inside>\d+(?:-\d+)?)(?:/(?P<protocol>tcp|udp)?)?"
)
_LONG_KEYS = frozenset({"target", "published", "protocol", "mode"})
"""Of docker's own long form; Compose's has more."""


def ports_of(text: str) -> tuple[Port, ...] | None:
    """The ports of a `--publish`, in its short or long form; None if docker would refuse it."""
    if "=" not in text:
        return port_of(text)
    pairs = (entry.partition("=") for entry in fields_of(text.lower()) or ())
    given = {key: value for key, _, value in pairs}
    return port_of(given) if given.keys() <= _LONG_KEYS else None


def port_of(entry: Any) -> tuple[Port, ...] | None:
    """One entry of Compose's `ports`, or docker's short form; None where it is not understood.

    A range gives several. A port that is left to the engine is 0.
    """
    if isinstance(entry, dict):
        if "target" not in entry:
            return None
        address, published = (str(entry.get(key) or "") for key in ("host_ip", "published"))
        outside = f"{address}:{published}:" if address else f"{published}:" if published else ""
        return port_of(f"{outside}{entry['target']}/{entry.get('protocol') or 'tcp'}")
    match = _PORT.fullmatch(str(entry).lower())
    if match is None:
        return None
    inside, outside_ports = _range(match["inside"]), _range(match["outside"] or "0")
    if len(inside) == 1:
        # Of a range for a single port, a free one is chosen.
        outside_ports = outside_ports[:1]
    elif match["outside"] is None:
        outside_ports = [0] * len(inside)
    if not inside or len(inside) != len(outside_ports):
        return None
    address = (match["ip"] or "").strip("[]")
    return tuple(
        Port(address or None, host, container, "udp" if match["protocol"] == "udp" else "tcp")
        for host, container in zip(outside_ports, inside, strict=True)
    )


def _range(text: str) -> list[int]:
    """The ports from first to last; none where that is no range of ports."""
    first, _, last = text.partition("-")
    ends = (int(first), int(last or first))
    return [*range(ends[0], ends[1] + 1)] if max(ends) <= 65535 else []

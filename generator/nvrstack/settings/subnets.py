"""A private subnet for the backend network that overlaps nothing this host knows."""

from collections.abc import Iterable
from ipaddress import IPv4Network

CANDIDATES = tuple(
    IPv4Network(text)
    for text in (
        *(f"10.{second}.83.0/29" for second in range(213, 254)),
        *(f"172.{second}.255.0/29" for second in range(31, 16, -1)),
        *(f"192.168.{third}.248/29" for third in range(254, 200, -1)),
    )
)
"""Corners of the private ranges that home routers, VPNs and Docker's own pools seldom use."""


def choose_subnet(used: Iterable[IPv4Network]) -> IPv4Network | None:
    """The first candidate that overlaps none of `used`, or None when all do."""
    taken = [network for network in used if network.prefixlen > 0]
    free = (c for c in CANDIDATES if not any(c.overlaps(network) for network in taken))
    return next(free, None)

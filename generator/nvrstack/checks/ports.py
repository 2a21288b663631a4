"""Whether the ports that nginx publishes are free, or who holds them."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.surroundings import Holder

EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - compared with, never bound to
"""On Linux a socket on `::` takes the IPv4 port too, unless it was told otherwise (ipv6(7))."""


def port_verdicts(
    ports: Sequence[tuple[str, int]],
    bind: Sequence[IPv4Address],
    holders: Sequence[Holder],
    project: str | None,
) -> Iterator[Verdict]:
    """One verdict for each of `ports`, which are the settings' keys and their numbers.

    `bind` are the addresses that nginx is to be published on, all of them when it is empty;
    `project` is the name of the Compose project, whose own containers may hold the ports, or None.
    """
    for key, port in ports:
        about = f"port {port}"
        found = [h for h in holders if h.port == port and _in_the_way(h.address, bind)]
        # The socket below a container's port is the engine's, which is no second holder.
        found = [h for h in found if h.container] or found
        others = [h for h in found if h.project != project]
        if others:
            holder = others[0]
            end = f"{holder.end}, or " if holder.end else ""
            text = f"{holder.who} holds it at {holder.address}"
            yield Verdict(about, Level.PROBLEM, text, f"{end}choose another port: {key}")
        elif found:
            yield Verdict(about, Level.FINE, "this project holds it")
        else:
            yield Verdict(about, Level.FINE, "free")


def _in_the_way(address: str, bind: Sequence[IPv4Address]) -> bool:
    if address in EVERYWHERE:
        return True
    return ":" not in address and (not bind or IPv4Address(address) in bind)

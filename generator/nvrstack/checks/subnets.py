"""Whether the private network between nginx and Moonfire is nobody else's."""

from collections.abc import Sequence
from ipaddress import IPv4Network

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.settings.subnets import choose_subnet
from nvrstack.surroundings import DockerNetwork, Route

ABOUT = "private network"


def subnet_verdict(
    subnet: IPv4Network,
    project: str,
    routes: Sequence[Route],
    networks: Sequence[DockerNetwork] | None,
) -> Verdict:
    """The verdict on `network.backend_subnet`; `networks` is None when no engine answers."""
    known = networks or ()
    made = any(n.project == project and n.subnet == subnet for n in known)
    # Docker's networks first: each has a route too, whose interface says little.
    taken = [
        (f"the Docker network {n.name} ({n.subnet})", n.subnet)
        for n in known
        if not (n.project == project and n.subnet == subnet)
    ]
    taken += [
        (f"the route to {r.subnet} by {r.interface}", r.subnet)
        for r in routes
        # The network itself has a route, once it is there.
        if not (r.subnet == subnet and (made or networks is None))
    ]
    overlaps = [what for what, other in taken if other.prefixlen > 0 and other.overlaps(subnet)]
    if overlaps:
        used = [subnet, *(other for _, other in taken)]
        free = choose_subnet(used) or "A.B.C.D/29"
        return Verdict(
            ABOUT,
            Level.PROBLEM,
            f"{subnet} overlaps {overlaps[0]}",
            f"nvrstack set network.backend_subnet {free} && nvrstack render && "
            "docker compose down && docker compose up -d",
        )
    beside = "" if networks is not None else "; could not tell about Docker's networks"
    level = Level.FINE if networks is not None else Level.UNKNOWN
    return Verdict(ABOUT, level, f"{subnet} overlaps no route of this machine{beside}")

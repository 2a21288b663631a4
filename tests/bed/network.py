"""The network world: the engine's own host and what is around it, each a namespace.

    nvrcl1 ── lan0 ─┐                         ┌─ cam0 ── nvrcam (a camera)
                    ├── nvrbed (the engine) ──┤
    nvrcl2 ── far0 ─┘                         └─ net0 ── nvrnet (the Internet: a resolver)

In a bed that has a name, the name stands behind each `nvr`. Each line is a veth pair. The clients
know the way to the engine's LAN address; nobody knows a way to Docker's networks, as in a real
house: a test that wants one adds the route.
"""

import ipaddress
import json
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.bed.mirror import mirror
from tests.bed.paths import prefix
from tests.bed.process import BedError, Done, end, run

PREFIX = prefix()
ENGINE = f"{PREFIX}bed"
CLIENTS = (f"{PREFIX}cl1", f"{PREFIX}cl2")
CAMERA = f"{PREFIX}cam"
INTERNET = f"{PREFIX}net"
NAMESPACES = (ENGINE, *CLIENTS, CAMERA, INTERNET)

LAN_ADDRESS = "198.51.100.10"
LAN_ADDRESS_V6 = "2001:db8:100::10"
"""The engine host's addresses, at which published ports are reached."""

CLIENT_ADDRESSES = {CLIENTS[0]: "198.51.100.21", CLIENTS[1]: "198.51.101.22"}
CLIENT_ADDRESSES_V6 = {CLIENTS[0]: "2001:db8:100::21", CLIENTS[1]: "2001:db8:101::22"}
CAMERA_ADDRESS = "198.51.100.200"
INTERNET_ADDRESS = "198.51.101.200"
INTERNET_ADDRESS_V6 = "2001:db8:201::200"
"""Where the resolver answers; a test may put other servers there."""

POOL = "10.210.0.0/16"
"""What the engine may take its containers' networks from."""

NETNS = Path("/run/netns")
PLACES = ("198.51.100.0/24", "198.51.101.0/24", POOL)


def _both(client: str) -> tuple[str, str]:
    return CLIENT_ADDRESSES[client], CLIENT_ADDRESSES_V6[client]


@dataclass(frozen=True)
class Link:
    """A veth pair between the engine's namespace and another one."""

    name: str
    peer: str
    near: tuple[str, str]
    """The engine's addresses, of both families."""
    far: tuple[str, str]


LINKS = (
    Link("lan0", CLIENTS[0], (LAN_ADDRESS, LAN_ADDRESS_V6), _both(CLIENTS[0])),
    Link("far0", CLIENTS[1], ("198.51.101.1", "2001:db8:101::1"), _both(CLIENTS[1])),
    Link(
        "cam0",
        CAMERA,
        ("198.51.100.130", "2001:db8:200::130"),
        (CAMERA_ADDRESS, "2001:db8:200::200"),
    ),
    Link(
        "net0",
        INTERNET,
        ("198.51.101.130", "2001:db8:201::130"),
        (INTERNET_ADDRESS, INTERNET_ADDRESS_V6),
    ),
)


def up() -> None:
    """Make the namespaces and their links; what an earlier run left goes first."""
    refuse_overlap()
    down()
    for name in NAMESPACES:
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    for link in LINKS:
        pair = ("type", "veth", "peer", "name", "eth0", "netns", link.peer)
        ip("-n", ENGINE, "link", "add", link.name, *pair)
        for namespace, device, (v4, v6) in (
            (ENGINE, link.name, link.near),
            (link.peer, "eth0", link.far),
        ):
            ip("-n", namespace, "address", "add", f"{v4}/25", "dev", device)
            # Nobody else can have it, and programs want to bind it at once.
            ip("-n", namespace, "address", "add", f"{v6}/64", "dev", device, "nodad")
            ip("-n", namespace, "link", "set", device, "up")
    for address, router in ((LAN_ADDRESS, "198.51.101.1"), (LAN_ADDRESS_V6, "2001:db8:101::1")):
        ip("-n", CLIENTS[1], "route", "add", address, "via", router)


def down() -> None:
    """End what runs in the namespaces and remove them."""
    end(processes(), seconds=3)
    for name in NAMESPACES:
        if (NETNS / name).exists():
            ip("netns", "delete", name)
        # Where `ip netns` gives a namespace its own resolv.conf; a test may have made one.
        shutil.rmtree(Path("/etc/netns") / name, ignore_errors=True)


def processes(*namespaces: str) -> list[int]:
    """Return the processes in the given ones of the bed's namespaces, or in all of them."""
    found: list[int] = []
    for name in namespaces or NAMESPACES:
        if (NETNS / name).exists():
            found += map(int, ip("netns", "pids", name).stdout.split())
    return found


def exists() -> bool:
    """Say whether all the namespaces are there."""
    return all((NETNS / name).exists() for name in NAMESPACES)


def ip(*words: str) -> Done:
    """Run iproute2's `ip`."""
    return run(["ip", *words], timeout=20)


def refuse_overlap() -> None:
    """Refuse to go on where the machine itself uses addresses which the bed would take."""
    places = [ipaddress.ip_network(place) for place in PLACES]
    for what, used in _own_traffic():
        for place in places:
            if used.overlaps(place):
                message = f"the test bed needs {place}, but this machine uses {used} ({what})"
                raise BedError(message)


def _own_traffic() -> list[tuple[str, ipaddress.IPv4Network]]:
    """Return the networks that the machine has or routes, its resolvers and its mirror."""
    used: list[tuple[str, ipaddress.IPv4Network]] = []
    for interface in json.loads(ip("-4", "-json", "address", "show").stdout or "[]"):
        for entry in interface.get("addr_info", []):
            network = f"{entry['local']}/{entry['prefixlen']}"
            used.append((interface["ifname"], ipaddress.IPv4Network(network, strict=False)))
    routes = json.loads(ip("-4", "-json", "route", "show").stdout or "[]")
    targets = [route["dst"] for route in routes if route["dst"] != "default"]
    used += [("a route", ipaddress.IPv4Network(target, strict=False)) for target in targets]
    peers = {"its mirror": _resolve(urlsplit(mirror()).hostname or "")}
    servers = [
        line.split()[1]
        for line in Path("/etc/resolv.conf").read_text().splitlines()
        if line.startswith("nameserver ") and ":" not in line
    ]
    peers["its resolver"] = servers
    for what, addresses in peers.items():
        used += [(what, ipaddress.IPv4Network(address)) for address in addresses]
    return used


def _resolve(host: str) -> list[str]:
    """Return a host's IPv4 addresses, none if it cannot be resolved now."""
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(entry[4][0]) for entry in found]

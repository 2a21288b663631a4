"""The host's address on its network, and how it came by it."""

import socket
from ipaddress import IPv4Address
from pathlib import Path

from nvrstack.host.facts import lan_address, routes
from nvrstack.host.network.address_origin import origin
from nvrstack.surroundings import OwnAddress


def own_address(root: Path = Path("/")) -> OwnAddress | None:
    """The address that this host sends from, and how it came by it; None without a network."""
    address = lan_address()
    if address is None:
        return None
    near = [route for route in routes(root) if address in route.subnet]
    if not near:
        return OwnAddress(address, "an unknown interface", "")
    interface = max(near, key=lambda route: route.subnet.prefixlen).interface
    return describe(address, interface, root)


def describe(address: IPv4Address, interface: str, root: Path = Path("/")) -> OwnAddress:
    """What the files below `root` tell of an address that an interface has."""
    try:
        hardware = (root / "sys/class/net" / interface / "address").read_text().strip()
    except OSError:
        hardware = ""
    try:
        index = socket.if_nametoindex(interface)
    except OSError:
        index = 0
    keeper, how = origin(interface, index, root)
    return OwnAddress(address, interface, hardware, how, keeper)

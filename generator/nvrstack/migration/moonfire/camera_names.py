"""Names of cameras that a container behind a bridge does not know, each with its remedy.

With the host's own network, as upstream's script had it, a container shares the host's resolver
and its /etc/hosts. On a bridge, Docker has its own of both
(https://docs.docker.com/engine/network/#dns-services).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

OVERRIDE = "in compose.override.yaml, under services: moonfire-nvr:"


@dataclass(frozen=True)
class Trouble:
    """Why a name does not work on a bridge, and what to do about it."""

    code: str
    why: str
    remedy: str


def hosts_file(text: str) -> Mapping[str, str]:
    """The names of a hosts(5) file, in lower case, each with its first IPv4 address, else IPv6."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        for name in map(str.lower, names):
            if name not in found or (":" in found[name] and ":" not in address):
                found[name] = address
    return found


def trouble_with(host: str, hosts: Mapping[str, str]) -> Trouble | None:
    """What is wrong with a camera's host name, given what the host's /etc/hosts says."""
    host = host.rstrip(".")
    address = _address(host) or _address(hosts.get(host, ""))
    if host == "localhost" or host.endswith(".localhost") or (address and address.is_loopback):
        return Trouble(
            "camera-loopback",
            "means this machine, which is another one from inside the container",
            "let the program there listen on more than the loopback, give it the name "
            "host.docker.internal in the camera's URL, and add, " + OVERRIDE + " extra_hosts: "
            '["host.docker.internal:host-gateway"]',
        )
    if isinstance(address, IPv6Address):
        return Trouble(
            "camera-ipv6",
            "is an IPv6 address, and the container's network has IPv4 alone",
            "use the camera's IPv4 address in its URL",
        )
    return None if _address(host) else _trouble_with_name(host, address)


def _trouble_with_name(host: str, address: IPv4Address | None) -> Trouble | None:
    if host.endswith(".local"):
        return Trouble(
            "camera-mdns",
            "is announced by the camera itself (RFC 6762), which no container hears",
            "give the camera a fixed address in your router, and use that in its URL",
        )
    if address is not None:
        return Trouble(
            "camera-hosts-file",
            f"stands in this machine's /etc/hosts ({address}), which the container does not have",
            f'add, {OVERRIDE} extra_hosts: ["{host}:{address}"]',
        )
    if "." not in host:
        return Trouble(
            "camera-bare-name",
            "has no domain; whether the container finds it depends on your router",
            f'use the address in its URL, or add, {OVERRIDE} extra_hosts: ["{host}:ADDRESS"]',
        )
    return None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None

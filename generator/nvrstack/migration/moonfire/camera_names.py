"""Names of cameras that a container behind a bridge does not know, each with its remedy.

With the host's own network, as upstream's script had it, a container shares the host's resolver
and its /etc/hosts. On a bridge, Docker has its own of both
(https://docs.docker.com/engine/network/#dns-services).
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from nvrstack.migration.findings import Finding
from nvrstack.migration.moonfire import rules

OVERRIDE = "in compose.override.yaml, under services: moonfire-nvr:"


def hosts_file(text: str) -> Mapping[str, str]:
    """The names of a hosts(5) file, in lower case, each with its first IPv4 address, else IPv6."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        for name in map(str.lower, names):
            if name not in found or (":" in found[name] and ":" not in address):
                found[name] = address
    return found


def trouble_with(host: str, hosts: Mapping[str, str], cameras: str) -> Finding | None:
    """What is wrong with the host name of `cameras`, given what the host's /etc/hosts says."""
    name = host.rstrip(".")
    address = _address(name) or _address(hosts.get(name, ""))
    if name == "localhost" or name.endswith(".localhost") or (address and address.is_loopback):
        rule = rules.CAMERA_LOOPBACK
    elif isinstance(address, IPv6Address):
        rule = rules.CAMERA_IPV6
    elif _address(name):
        return None
    elif name.endswith(".local"):
        rule = rules.CAMERA_MDNS
    elif address is not None:
        rule = rules.CAMERA_HOSTS_FILE
    elif "." not in name:
        rule = rules.CAMERA_BARE_NAME
    else:
        return None
    return rule(host=host, name=name, cameras=cameras, address=address, override=OVERRIDE)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None

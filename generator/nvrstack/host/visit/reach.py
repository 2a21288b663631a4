"""Where a name leads, who answers there, and at which addresses Moonfire itself does."""

import socket
from ipaddress import ip_address, ip_network

import ifaddr

from nvrstack.host.visit.failures import failure_of
from nvrstack.host.visit.http import Client
from nvrstack.visit import MOONFIRE_PORT, STRANGER, Answer, Failure, Kind


def addresses_of(name: str) -> tuple[str, ...] | Failure:
    """What a name leads to, IPv4 first, for that is what the proxy listens on."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError as error:
        return failure_of(error)
    except UnicodeError:
        return Failure(Kind.NO_NAME, "is no host name")
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return tuple(sorted(addresses, key=lambda address: ":" in address))


def own_end(address: str, port: int, seconds: float) -> str | Failure:
    """The address of this machine at its end of a connection to that port."""
    try:
        with socket.create_connection((address, port), timeout=seconds) as connection:
            return str(connection.getsockname()[0])
    except OSError as error:
        return failure_of(error)


def local_addresses(without: str | None) -> tuple[str, ...]:
    """Every address of this host but those in the subnet `without`, and link-local ones."""
    found = [str(ip.ip if ip.is_IPv4 else ip.ip[0]) for a in ifaddr.get_adapters() for ip in a.ips]
    usable = [a for a in found if not ip_address(a).is_link_local]
    if without is None:
        return tuple(dict.fromkeys(usable))
    subnet = ip_network(without)
    return tuple(dict.fromkeys(a for a in usable if ip_address(a) not in subnet))


def is_moonfire(address: str, seconds: float) -> bool:
    """Whether Moonfire answers on its own port there, without a proxy before it."""
    seen = Client(address, seconds).ask(f"http://{STRANGER}:{MOONFIRE_PORT}/api/request")
    return isinstance(seen, Answer) and "\nsecure: " in seen.text

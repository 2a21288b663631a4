"""By which names and addresses a host's own programs may know it."""

import re
from ipaddress import ip_address

from nvrstack.migration.moonfire.camera_names import hosts_file

_LOCAL = re.compile(r"\|-- ([0-9.]+)\n\s*/32 host LOCAL")
"""An address of the host itself in the kernel's table of routes, /proc/net/fib_trie."""


def own_names(hostname: str, hosts: str, fib_trie: str) -> frozenset[str]:
    """The host's names and addresses beside the loopback's.

    `hosts` is the text of its hosts(5) file, in which its own name may have further addresses and
    its own addresses further names.
    """
    named = hosts_file(hosts)
    addresses = set(_LOCAL.findall(fib_trie))
    addresses |= {named[name] for name in (hostname.lower(),) if name in named}
    names = {name for name, address in named.items() if address in addresses or _loops(address)}
    return frozenset(addresses | names | ({hostname.lower()} if hostname else set()))


def _loops(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False

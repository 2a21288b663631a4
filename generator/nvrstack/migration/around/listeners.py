"""Who listens on a TCP port of this machine, from the text of /proc/net/tcp and tcp6.

https://docs.kernel.org/networking/proc_net_tcp.html
"""

import sys
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

LISTEN = "0A"


@dataclass(frozen=True)
class Listener:
    """One listening socket; `inode` is what links it to a process in /proc/PID/fd."""

    address: IPv4Address | IPv6Address
    port: int
    uid: int
    inode: int

    def takes(self, port: int) -> bool:
        """Whether nobody else could publish `port` on every IPv4 address.

        Linux hands IPv4 to a socket of `::` too, unless told otherwise (ipv6(7)).
        """
        return self.port == port and (self.address.version == 4 or self.address.is_unspecified)


def listeners(table: str, ports: Collection[int] | None = None) -> tuple[Listener, ...]:
    """The listening sockets of one table, or those of them on `ports`. Odd lines are skipped."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or fields[3] != LISTEN:
            continue
        place, _, port = fields[1].rpartition(":")
        try:
            listener = Listener(_address(place), int(port, 16), int(fields[7]), int(fields[9]))
        except ValueError:
            continue
        if ports is None or listener.port in ports:
            found.append(listener)
    return tuple(found)


def _address(text: str) -> IPv4Address | IPv6Address:
    """An address of one or four 32-bit words, each in the machine's own byte order."""
    words = [text[start : start + 8] for start in range(0, len(text), 8)]
    packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
    return IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)

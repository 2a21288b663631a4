"""What is known of a host and of the network around it: frozen values, gathered once, then judged.

`host` fills them in, `checks` judges them; None says that something could not be told.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Literal


@dataclass(frozen=True)
class Engine:
    """The Docker Engine as it describes itself; `trouble` says in words why it does not answer."""

    version: str = ""
    compose: str = ""
    trouble: str = ""
    rootless: bool = False
    data: str = ""
    """The directory with its images."""
    iptables: bool = True
    """Whether it lets the kernel forward to containers (dockerd(8))."""
    options_trouble: str = ""
    """Why the file with its options could not be read."""


@dataclass(frozen=True)
class Service:
    """The container of a service: `state` and `health` in Docker's words.

    `told` is what its health check last printed.
    """

    state: str
    health: str
    told: str = ""


@dataclass(frozen=True)
class DockerNetwork:
    """A network of the engine; `project` is the Compose project that it belongs to, if any."""

    name: str
    project: str
    subnet: IPv4Network


@dataclass(frozen=True)
class Listener:
    """One listening TCP socket; `inode` is what links it to a process in /proc/PID/fd."""

    address: IPv4Address | IPv6Address
    port: int
    uid: int
    inode: int

    def takes(self, port: int) -> bool:
        """Whether nobody else could publish `port` on every IPv4 address.

        Linux hands IPv4 to a socket of `::` too, unless told otherwise (ipv6(7)).
        """
        return self.port == port and (self.address.version == 4 or self.address.is_unspecified)


@dataclass(frozen=True)
class Holder:
    """Who holds a TCP port: a container or a process, in words, and how to end it."""

    address: str
    port: int
    who: str
    end: str = ""
    container: bool = False
    project: str = ""
    """The Compose project of a container, if it has one."""


@dataclass(frozen=True)
class OwnAddress:
    """The host's address on its network, and how it came by it."""

    address: IPv4Address
    interface: str
    hardware: str
    origin: Literal["static", "leased"] | None = None
    keeper: str = ""
    """The program that configures the interface."""


@dataclass(frozen=True)
class Forwarding:
    """A TCP port of the router that leads to a port of a machine behind it."""

    port: int
    address: str
    target: int
    text: str
    seconds: int
    """For how long it still holds; 0 for ever."""


@dataclass(frozen=True)
class Router:
    """What the router said by UPnP; `outside` is the address of its other side."""

    outside: IPv4Address | None
    forwardings: tuple[Forwarding, ...]


@dataclass(frozen=True)
class CaaRecord:
    """One CAA record (RFC 8659 section 4.1)."""

    flags: int
    tag: str
    value: str


@dataclass(frozen=True)
class Answers:
    """What name servers say of a name, and for how long others may keep that."""

    ipv4: frozenset[IPv4Address] = frozenset()
    ipv6: frozenset[IPv6Address] = frozenset()
    seconds: int = 0


@dataclass(frozen=True)
class PublicName:
    """A name as the resolver of this host knows it, and as its zone's own servers do.

    `answers` is None when the resolver gave none; `bogus` says that it did only where DNSSEC was
    not to be checked. `caa` are the records that count for the name, found at `caa_at`.
    """

    name: str
    answers: Answers | None
    own: Answers | None = None
    bogus: bool = False
    caa: tuple[CaaRecord, ...] | None = None
    caa_at: str = ""


@dataclass(frozen=True)
class Clock:
    """By how many seconds the clock is ahead of the server `source`, which is empty without one.

    `trouble` says why the server did not tell, `keeper` which program keeps the clock right.
    """

    ahead: float | None
    source: str
    trouble: str
    keeper: str | None


@dataclass(frozen=True)
class Disk:
    """A directory and the disk below it. Sizes in bytes."""

    path: str
    what: str
    exists: bool | None
    """None where this user may not look."""
    expected_mount: str = ""
    """The mount point that fstab(5) has for it, at or above the path."""
    mount: str = ""
    read_only: bool = False
    free: int = 0
    owner: tuple[int, int] = (0, 0)
    mode: int = 0
    uas: str | None = None
    """Vendor and product of its USB bridge, `vvvv:pppp`, where the driver uas serves it."""
    uas_errors: bool | None = None

    @property
    def is_unmounted(self) -> bool:
        """Whether another disk lies where fstab wants this one."""
        return self.expected_mount not in {"", self.mount}

    @property
    def is_there(self) -> bool:
        """Whether the directory is, and lies on the disk that it should."""
        return bool(self.exists) and not self.is_unmounted


@dataclass(frozen=True)
class Route:
    """A destination of the routing table and the interface that leads there."""

    subnet: IPv4Network
    interface: str

"""What this host can tell about itself: sensible defaults for the settings."""

import os
import pwd
import socket
import struct
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from nvrstack.surroundings import Route

FALLBACK_IDS = (10000, 10000)
"""For root without sudo and without a moonfire-nvr user: the ids of upstream's older images."""


def time_zone(root: Path = Path("/")) -> str | None:
    """The zone's name, from the link /etc/localtime (localtime(5)) or Debian's /etc/timezone."""
    link = root / "etc/localtime"
    if link.is_symlink():
        _, marker, name = str(link.readlink()).partition("/zoneinfo/")
        if marker:
            return name
    try:
        return (root / "etc/timezone").read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def lan_address() -> IPv4Address | None:
    """The address that this host would send from to the Internet. No packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return None
        address = IPv4Address(probe.getsockname()[0])
    return None if address.is_loopback or address.is_unspecified else address


def owner_ids() -> tuple[int, int]:
    """The uid and gid of the person at work: the one behind sudo, if that is how they came."""
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if uid.isdigit() and gid.isdigit() and uid != "0" and gid != "0":
        return int(uid), int(gid)
    return FALLBACK_IDS


def user_ids(name: str) -> tuple[int, int] | None:
    """The uid and gid of the user `name`, or None when there is none, or it is root."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return (entry.pw_uid, entry.pw_gid) if entry.pw_uid and entry.pw_gid else None


def routes(root: Path = Path("/")) -> tuple[Route, ...]:
    """Every IPv4 destination of the routing table, from proc(5)'s /proc/net/route."""
    try:
        lines = (root / "proc/net/route").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return ()
    found = []
    for fields in (line.split() for line in lines):
        # Both are hexadecimal in the machine's own byte order.
        destination, mask = (struct.pack("=L", int(fields[i], 16)) for i in (1, 7))
        subnet = IPv4Network((destination, str(IPv4Address(mask))))
        found.append(Route(subnet, fields[0]))
    return tuple(found)


def has_zone_file(zone: str, root: Path = Path("/")) -> bool:
    """Whether /usr/share/zoneinfo, which Moonfire's container mounts, has the zone."""
    return (root / "usr/share/zoneinfo" / zone).is_file()

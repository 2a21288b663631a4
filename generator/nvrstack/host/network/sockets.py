"""Who listens on which TCP port of this host, from proc(5)."""

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from nvrstack.surroundings import Holder

LISTEN = "0A"
"""The state of a socket that waits for connections, as in the kernel's net/tcp_states.h."""


def listeners(ports: frozenset[int], root: Path = Path("/")) -> tuple[Holder, ...]:
    """Who holds any of `ports`. Another user's processes are named to root alone."""
    sockets = [s for s in _sockets(root) if s[1] in ports]
    wanted = {f"socket:[{inode}]" for _, _, inode in sockets}
    owners = dict(_owners(wanted, root)) if wanted else {}
    return tuple(
        _holder(address, port, owners.get(f"socket:[{inode}]"), root)
        for address, port, inode in sockets
    )


def _sockets(root: Path) -> Iterator[tuple[str, int, str]]:
    for table in ("proc/net/tcp", "proc/net/tcp6"):
        try:
            lines = (root / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in (line.split() for line in lines):
            if fields[3] == LISTEN:
                address, _, port = fields[1].partition(":")
                yield _address(address), int(port, 16), fields[9]


def _address(text: str) -> str:
    """An address in words of four bytes, each in the machine's own byte order."""
    packed = b"".join(struct.pack("=L", int(text[i : i + 8], 16)) for i in range(0, len(text), 8))
    if len(packed) == 4:
        return str(IPv4Address(packed))
    address = IPv6Address(packed)
    return str(address.ipv4_mapped or address)


def _owners(wanted: set[str], root: Path) -> Iterator[tuple[str, Path]]:
    for process in (root / "proc").glob("[0-9]*"):
        # It may end meanwhile, or belong to another user.
        with suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    target = str(descriptor.readlink())
                    if target in wanted:
                        yield target, process


def _holder(address: str, port: int, process: Path | None, root: Path) -> Holder:
    if process is None:
        return Holder(address, port, "a process of another user (root may see which)")
    with suppress(OSError):
        name = (process / "comm").read_text(encoding="utf-8").strip()
        who = f"{name} (process {process.name})"
        groups = (process / "cgroup").read_text(encoding="utf-8")
        unit = re.search(r"/system\.slice/(?:[^/\n]+/)*([^/\n]+\.service)", groups)
        if unit and (root / "run/systemd/system").is_dir():
            return Holder(address, port, who, end=f"sudo systemctl disable --now {unit[1]}")
        return Holder(address, port, who, end=f"sudo kill {process.name}")
    return Holder(address, port, "a process that is just ending")

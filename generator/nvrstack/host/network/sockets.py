"""Who listens on which TCP port of a host, from proc(5).

https://docs.kernel.org/networking/proc_net_tcp.html
"""

import re
import sys
from collections.abc import Collection
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from nvrstack.host.rooted_files import read_text
from nvrstack.surroundings import Holder, Listener

LISTEN = "0A"
"""The state of a socket that waits for connections, as in the kernel's net/tcp_states.h."""
HOST = Path("/")


def in_table(table: str, ports: Collection[int] | None = None) -> tuple[Listener, ...]:
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


def listeners(root: Path = HOST, ports: Collection[int] | None = None) -> tuple[Listener, ...]:
    """Every listening socket of a host, over IPv4 and IPv6, or those of them on `ports`."""
    tables = (read_text(root, f"/proc/net/{name}") for name in ("tcp", "tcp6"))
    return tuple(one for table in tables for one in in_table(table or "", ports))


def programs(inodes: Collection[int], root: Path = HOST) -> dict[int, str]:
    """The names of the programs that hold sockets, as far as this user may know them."""
    found = {}
    for inode, process in _processes(inodes, root).items():
        with suppress(OSError):
            found[inode] = _name(process)
    return found


def holders(ports: Collection[int], root: Path = HOST) -> tuple[Holder, ...]:
    """Who holds any of `ports`. Another user's processes are named to root alone."""
    found = listeners(root, ports)
    processes = _processes([one.inode for one in found], root)
    return tuple(_holder(one, processes.get(one.inode), root) for one in found)


def _address(text: str) -> IPv4Address | IPv6Address:
    """An address of one or four 32-bit words, each in the machine's own byte order."""
    words = [text[start : start + 8] for start in range(0, len(text), 8)]
    packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
    return IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)


def _processes(inodes: Collection[int], root: Path) -> dict[int, Path]:
    """The directories in /proc of the processes that hold sockets."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[int, Path] = {}
    for process in (root / "proc").glob("[0-9]*") if wanted else ():
        # It may end meanwhile, close files, or belong to another user.
        with suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    inode = wanted.get(str(descriptor.readlink()))
                    if inode is not None:
                        found[inode] = process
    return found


def _name(process: Path) -> str:
    return (process / "comm").read_text(encoding="utf-8").strip()


def _holder(one: Listener, process: Path | None, root: Path) -> Holder:
    mapped = one.address.ipv4_mapped if isinstance(one.address, IPv6Address) else None
    address = str(mapped or one.address)
    if process is None:
        return Holder(address, one.port, "a process of another user (root may see which)")
    with suppress(OSError):
        who = f"{_name(process)} (process {process.name})"
        groups = (process / "cgroup").read_text(encoding="utf-8")
        unit = re.search(r"/system\.slice/(?:[^/\n]+/)*([^/\n]+\.service)", groups)
        if unit and (root / "run/systemd/system").is_dir():
            return Holder(address, one.port, who, end=f"sudo systemctl disable --now {unit[1]}")
        return Holder(address, one.port, who, end=f"sudo kill {process.name}")
    return Holder(address, one.port, "a process that is just ending")

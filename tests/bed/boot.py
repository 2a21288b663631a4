"""How a Debian tree is booted in namespaces, as shell scripts. Pure.

Whoever starts a systemd as the first process of a container gives it /proc, /sys, /dev, /run and
the control groups: https://systemd.io/CONTAINER_INTERFACE/.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
OLD_ROOT = ".machine"


@dataclass(frozen=True)
class Disk:
    """Where a host's files are: what it has changed of `tree`, over that."""

    tree: Path
    folder: Path

    @property
    def changes(self) -> Path:
        """The files that differ from the tree's, under their paths."""
        return self.folder / "changes"

    @property
    def root(self) -> Path:
        """Where the host's root directory is mounted, for itself alone."""
        return self.folder / "root"

    @property
    def options(self) -> str:
        """How overlayfs puts it together."""
        return f"lowerdir={self.tree},upperdir={self.changes},workdir={self.folder / 'work'}"


@dataclass(frozen=True)
class Hierarchy:
    """A hierarchy of control groups: its name below /sys/fs/cgroup, and how it is mounted."""

    name: str
    mount: str


UNIFIED = Hierarchy("unified", "mount -t cgroup2")


def hierarchies(own: str) -> tuple[Hierarchy, ...]:
    """Return the hierarchies that a systemd needs, the unified one alone where no other is used.

    `own` is the text of /proc/self/cgroup (cgroups(7)).
    """
    fields = [line.split(":")[:2] for line in own.splitlines()]
    named = {kinds for number, kinds in fields if number != "0"}
    old = [
        Hierarchy(kinds.removeprefix("name="), f"mount -t cgroup -o {kinds}")
        for kinds in sorted({*named, "name=systemd"} if named else ())
    ]
    return (*old, UNIFIED) if ["0", ""] in fields else tuple(old)


def join_groups(kinds: Sequence[Hierarchy], group: str, scratch: Path) -> list[str]:
    """Lines that put the shell into a control group of its own in each hierarchy.

    That group is the root for whatever the shell then starts in a namespace of control groups.
    """
    lines = [f"mount -t tmpfs groups {shlex.quote(str(scratch))}"]
    for kind in kinds:
        place = shlex.quote(str(scratch / kind.name))
        lines += [f"mkdir {place}", f"{kind.mount} groups {place}", f"mkdir -p {place}/{group}"]
        if "cpuset" in kind.name.split(","):
            # A new group has no processors, and no process may enter it.
            lines += [
                f"cat {place}/{file} > {place}/{group}/{file}"
                for file in ("cpuset.cpus", "cpuset.mems")
            ]
        if kind == UNIFIED:
            lines += [
                f"for one in $(cat {place}/cgroup.controllers); do",
                f"  echo +$one > {place}/cgroup.subtree_control || true",
                "done",
            ]
        lines.append(f"echo $$ > {place}/{group}/cgroup.procs")
    return lines


def mount_groups(kinds: Sequence[Hierarchy]) -> list[str]:
    """Lines that mount the control groups in the root directory that is the present one."""
    if tuple(kinds) == (UNIFIED,):
        return [f"{UNIFIED.mount} cgroup2 sys/fs/cgroup"]
    lines = ["mount -t tmpfs -o mode=755 cgroup sys/fs/cgroup"]
    for kind in kinds:
        place = f"sys/fs/cgroup/{kind.name}"
        lines += [f"mkdir {place}", f"{kind.mount} cgroup {place}"]
    return lines


def boot_lines(disk: Disk, kinds: Sequence[Hierarchy], shares: Sequence[Path]) -> list[str]:
    """Lines that become systemd, as the first process of new namespaces.

    `shares` are directories of the machine's which the host sees under the same paths.
    """
    lines = [
        f"mount -t overlay -o {shlex.quote(disk.options)} host {shlex.quote(str(disk.root))}",
        f"cd {shlex.quote(str(disk.root))}",
        "mount -t proc proc proc",
        "mount -t sysfs -o ro sysfs sys",
        "mount -t tmpfs -o mode=755 run run",
        "mount -t tmpfs -o mode=755 dev dev",
    ]
    for device in DEVICES:
        lines += [f"touch dev/{device}", f"mount --bind /dev/{device} dev/{device}"]
    lines += [
        "mkdir dev/pts dev/shm",
        "mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts",
        "ln -s pts/ptmx dev/ptmx",
        "ln -s /proc/self/fd dev/fd",
        *mount_groups(kinds),
    ]
    for share in shares:
        inside = shlex.quote(str(share).lstrip("/"))
        lines += [f"mkdir -p {inside}", f"mount --bind {shlex.quote(str(share))} {inside}"]
    start = f"umount -l /{OLD_ROOT}; exec env -i container=bed PATH={PATH} /lib/systemd/systemd"
    lines += [
        f"mkdir -p {OLD_ROOT}",
        f"pivot_root . {OLD_ROOT}",
        f"exec chroot . sh -c {shlex.quote(start)}",
    ]
    return lines

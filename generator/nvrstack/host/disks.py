"""The directories that Moonfire records to, and the disks below them."""

import errno
import os
import re
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nvrstack.surroundings import Disk

UAS = "uas"
UAS_ERROR = b"uas_eh_abort_handler"
LOG_RECORDS = 100_000
"""More than the kernel's log ever holds."""


@dataclass(frozen=True)
class Mount:
    """A line of proc(5)'s mountinfo."""

    point: Path
    source: str
    read_only: bool


def look_at(path: Path, what: str, root: Path = Path("/")) -> Disk:
    """What is known of a directory; fstab, mounts and devices are read below `root`."""
    path = path.resolve()
    mount = _mount_of(path, root)
    expected = max(
        (p for p in _fstab(root) if path.is_relative_to(p)),
        key=lambda p: len(p.parts),
        default=None,
    )
    bridge = _bridge(_block(mount.source, root)) if mount else None
    disk = Disk(
        path=str(path),
        what=what,
        exists=False,
        expected_mount=str(expected or ""),
        mount=str(mount.point) if mount else "",
        read_only=mount is not None and mount.read_only,
        uas=bridge,
        uas_errors=_uas_errors(root / "dev/kmsg") if bridge else None,
    )
    try:
        status, room = path.stat(), os.statvfs(path)
    except PermissionError:
        return replace(disk, exists=None)
    except OSError:
        return disk
    return replace(
        disk,
        exists=stat.S_ISDIR(status.st_mode),
        free=room.f_bavail * room.f_frsize,
        owner=(status.st_uid, status.st_gid),
        mode=stat.S_IMODE(status.st_mode),
    )


def free_bytes(path: Path) -> int:
    """The room on the disk of a path, for this user. Raises OSError."""
    return shutil.disk_usage(path).free


def _mount_of(path: Path, root: Path) -> Mount | None:
    """The mount that a path lies on: of several at the longest mount point, the last one covers."""
    best: Mount | None = None
    for line in _lines(root / "proc/self/mountinfo"):
        near, _, far = line.partition(" - ")
        fields, rest = near.split(), far.split()
        point = Path(_unescaped(fields[4]))
        if path.is_relative_to(point) and (
            best is None or len(point.parts) >= len(best.point.parts)
        ):
            options = {*fields[5].split(","), *rest[2].split(",")}
            best = Mount(point, _unescaped(rest[1]), "ro" in options)
    return best


def _fstab(root: Path) -> list[Path]:
    """The mount points of fstab(5), the root itself and swap apart."""
    rows = (line.split() for line in _lines(root / "etc/fstab"))
    points = [_unescaped(row[1]) for row in rows if len(row) > 2 and not row[0].startswith("#")]
    return [Path(point) for point in points if point.startswith("/") and point != "/"]


def _unescaped(text: str) -> str:
    r"""Both files write a space as \040."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _block(source: str, root: Path) -> Path:
    """A mount's device in sysfs; names below /dev/mapper are links to the kernel's."""
    return root / "sys/class/block" / (root / source.lstrip("/")).resolve().name


def _bridge(block: Path, depth: int = 4) -> str | None:
    """Vendor and product of the USB bridge that the driver uas serves a disk by.

    `block` is a block device in sysfs; below a mapped one, such as an encrypted disk, are others.
    """
    if not block.exists():
        return None
    device = block.resolve()
    below = [_bridge(slave, depth - 1) for slave in (device / "slaves").glob("*") if depth]
    for folder in device.parents:
        driver = folder / "driver"
        if driver.is_symlink() and driver.readlink().name == UAS:
            with suppress(OSError):
                ids = ((folder.parent / name).read_text() for name in ("idVendor", "idProduct"))
                return ":".join(text.strip() for text in ids)
    return next((bridge for bridge in below if bridge), None)


def _uas_errors(log: Path) -> bool | None:
    """Whether the kernel's log has errors of the driver; None when it may not be read."""
    try:
        descriptor = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        for _ in range(LOG_RECORDS):
            try:
                record = os.read(descriptor, 8192)
            except OSError as error:
                # EPIPE: older records were overwritten while we read.
                if error.errno == errno.EPIPE:
                    continue
                break
            if UAS_ERROR in record:
                return True
            if not record:
                break
        return False
    finally:
        os.close(descriptor)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []

"""Files that a move keeps: copies, put back byte for byte with mode, owner and times, and notes."""

import contextlib
import os
import shutil
from pathlib import Path

from nvrstack.host.apply import refused, sync

BESIDE = ".nvrstack-new"


def keep(original: Path, store: Path) -> None:
    """Copy a file or a link into `store`, under its own path; what is there already stays.

    Raises HostError.
    """
    place = _place(original, store)
    if os.path.lexists(place):
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _copy(original, place)
    except OSError as error:
        raise refused(original, error) from error


def put_back(original: Path, store: Path) -> bool:
    """Let a file be again what was kept of it; tell whether it was not. Raises HostError."""
    place = _place(original, store)
    if not os.path.lexists(place) or _same(original, place):
        return False
    try:
        _copy(place, original)
    except OSError as error:
        raise refused(original, error, "what was kept of it is in the project") from error
    return True


def take_away(original: Path, store: Path) -> None:
    """Remove a file that was kept. Raises HostError."""
    keep(original, store)
    try:
        original.unlink(missing_ok=True)
    except OSError as error:
        raise refused(original, error, "it is still there") from error


def write_private(place: Path, text: str) -> None:
    """Write a file for its owner alone, whole or not at all. Raises HostError."""
    beside = place.with_name(place.name + BESIDE)
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(descriptor)
        beside.replace(place)
        sync(place.parent)
    except OSError as error:
        raise refused(place, error) from error


def _place(original: Path, store: Path) -> Path:
    return store / original.relative_to("/")


def _copy(source: Path, target: Path) -> None:
    """Atomically: the target is as it was or whole, and on the disk when this returns."""
    beside = target.with_name(target.name + BESIDE)
    beside.unlink(missing_ok=True)
    try:
        shutil.copy2(source, beside, follow_symlinks=False)
        status = source.lstat()
        if (status.st_uid, status.st_gid) != (beside.lstat().st_uid, beside.lstat().st_gid):
            os.chown(beside, status.st_uid, status.st_gid, follow_symlinks=False)
            # chown(2) may clear bits of the mode.
            if not source.is_symlink():
                beside.chmod(status.st_mode & 0o7777)
        if not source.is_symlink():
            sync(beside)
        beside.replace(target)
        sync(target.parent)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _same(one: Path, other: Path) -> bool:
    try:
        first, second = one.lstat(), other.lstat()
        what = ("st_mode", "st_uid", "st_gid", "st_size", "st_mtime_ns")
        if any(getattr(first, key) != getattr(second, key) for key in what):
            return False
        if one.is_symlink():
            return one.readlink() == other.readlink()
        return one.read_bytes() == other.read_bytes()
    except OSError:
        return False

"""Files that a move keeps: copies, put back byte for byte with mode, owner and times, and notes."""

import os
from pathlib import Path

from nvrstack.host import atomic
from nvrstack.host.atomic import refused
from nvrstack.tree import SECRET


def is_there(path: Path) -> bool:
    """Whether there is anything at a path, be it a link that leads nowhere."""
    return os.path.lexists(path)


def keep(original: Path, store: Path) -> None:
    """Copy a file or a link, if there is one, into `store` under its own path.

    What was kept before stays. Raises HostError.
    """
    place = _place(original, store)
    if is_there(place) or not is_there(original):
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        atomic.copy(original, place)
    except OSError as error:
        raise refused(original, error) from error


def keep_all(top: Path, store: Path) -> None:
    """Keep the regular files below a directory, and its links as such. Raises HostError."""
    for folder, directories, files in os.walk(top):
        for path in (Path(folder, name) for name in (*directories, *files)):
            if path.is_symlink() or path.is_file():
                keep(path, store)


def put_back(original: Path, store: Path) -> bool:
    """Let a file be again what was kept of it; tell whether it was not. Raises HostError."""
    place = _place(original, store)
    if not is_there(place) or _same(original, place):
        return False
    try:
        atomic.copy(place, original)
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
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        atomic.write(place, text.encode(), SECRET)
    except OSError as error:
        raise refused(place, error) from error


def _place(original: Path, store: Path) -> Path:
    return store / original.relative_to("/")


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

"""What this user may do, and giving directories to other owners."""

import contextlib
import os
import stat
from collections.abc import Collection
from pathlib import Path


def is_root() -> bool:
    """Whether this user may do everything."""
    return os.geteuid() == 0


def own_ids() -> tuple[int, int]:
    """The uid and gid of this user."""
    return os.geteuid(), os.getegid()


def set_mode(path: Path, mode: int) -> None:
    """Let a directory have these permission bits. Raises OSError."""
    path.chmod(mode)


def may_read(path: Path) -> bool:
    """Whether this user may read a file."""
    return os.access(path, os.R_OK)


def may_enter(directory: Path) -> bool:
    """Whether this user may look at what is in a directory, if that has such a name."""
    return os.access(directory, os.X_OK)


def may_write(path: Path) -> bool:
    """Whether this user may change a file, or what is in a directory."""
    return os.access(path, os.W_OK | os.X_OK if path.is_dir() else os.W_OK)


def owner_of(directory: Path) -> tuple[int, int] | None:
    """The uid and gid of whom a directory belongs to; None where it is none, or cannot be seen."""
    try:
        found = directory.stat()
    except OSError:
        return None
    return (found.st_uid, found.st_gid) if stat.S_ISDIR(found.st_mode) else None


def hand_over(top: Path, owner: tuple[int, int], without: Collection[Path] = ()) -> None:
    """Give `top` and everything in it to `owner` (uid, gid), apart from what is `without`.

    A link is given away itself and not followed: what lies elsewhere stays with whom it is.
    Raises OSError.
    """
    walk = os.fwalk(top, onerror=_unless_gone, follow_symlinks=False)
    for folder, names, files, descriptor in walk:
        names[:] = [name for name in names if Path(folder, name) not in without]
        for name in (*names, *files):
            # A running container may have removed it meanwhile.
            with contextlib.suppress(FileNotFoundError):
                os.chown(name, *owner, dir_fd=descriptor, follow_symlinks=False)
    os.chown(top, *owner, follow_symlinks=False)


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error

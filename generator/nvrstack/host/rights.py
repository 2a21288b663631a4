"""Gives directories to other owners."""

import contextlib
import os
from collections.abc import Collection
from pathlib import Path


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

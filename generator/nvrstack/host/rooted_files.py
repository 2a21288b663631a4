"""Files of a host whose root directory is somewhere else, links followed inside that root.

So that a backup, another disk or a tree made for a test is read as the host itself would be.
"""

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from nvrstack.errors import HostError

LONGEST = 8 * 1024 * 1024
"""Bytes of one file. Settings are far smaller; nothing larger is read into memory."""
MOST_LINKS = 40
"""As many as Linux follows, see path_resolution(7)."""
MOST_FILES = 2000


def resolved(root: Path, path: str | PurePosixPath) -> Path | None:
    """Where `path` of that host is on this one; None where links go round in circles.

    Raises HostError when a directory on the way may not be searched.
    """
    left = [part for part in PurePosixPath(path).parts if part != "/"]
    found: list[str] = []
    links = 0
    while left:
        part = left.pop(0)
        if part == "..":
            found = found[:-1]
            continue
        here = root.joinpath(*found, part)
        with _refusals(here):
            if not here.is_symlink():
                found.append(part)
                continue
            links += 1
            if links > MOST_LINKS:
                return None
            target = PurePosixPath(here.readlink())
        if target.is_absolute():
            found = []
        left = [p for p in target.parts if p != "/"] + left
    return root.joinpath(*found)


def link_of(root: Path, path: PurePosixPath) -> PurePosixPath | None:
    """What stands in a link of that host; None where there is no link.

    Raises HostError when a directory on the way may not be searched.
    """
    parent = resolved(root, path.parent)
    if parent is None:
        return None
    place = parent / path.name
    with _refusals(place):
        return PurePosixPath(place.readlink()) if place.is_symlink() else None


def read_start(root: Path, path: str | PurePosixPath, size: int) -> bytes | None:
    """The first `size` bytes of a file of that host; None where there is no ordinary file.

    Raises HostError when it may not be read.
    """
    place = resolved(root, path)
    if place is None:
        return None
    with _refusals(place):
        try:
            if not stat.S_ISREG(place.stat().st_mode):
                return None
            with place.open("rb") as file:
                return file.read(size)
        except (FileNotFoundError, NotADirectoryError):
            return None


def read_bytes(root: Path, path: str | PurePosixPath) -> bytes | None:
    """The content of a file of that host; None where there is no ordinary file.

    Raises HostError when it may not be read, or is far too large.
    """
    content = read_start(root, path, LONGEST + 1)
    if content is not None and len(content) > LONGEST:
        place = resolved(root, path)
        raise HostError(
            f"{place}: is larger than {LONGEST // 1024**2} MiB, which no settings are",
            "check that it is the right file",
        )
    return content


def read_text(root: Path, path: str | PurePosixPath) -> str | None:
    """The text of a file of that host, as `read_bytes`; what is no UTF-8 becomes U+FFFD."""
    content = read_bytes(root, path)
    return None if content is None else content.decode(errors="replace")


def names_in(root: Path, directory: str | PurePosixPath) -> tuple[str, ...]:
    """The names in a directory of that host, sorted; none where it does not exist.

    Raises HostError when it may not be read.
    """
    place = resolved(root, directory)
    if place is None:
        return ()
    with _refusals(place):
        try:
            return tuple(sorted(entry.name for entry in place.iterdir()))
        except (FileNotFoundError, NotADirectoryError):
            return ()


def files_below(root: Path, directory: str) -> Iterator[str]:
    """The paths of all ordinary files below a directory of that host, at most `MOST_FILES`.

    Links are followed, those to directories last, and into each directory once alone.
    """
    left, count = [PurePosixPath(directory)], 0
    entered: set[Path] = set()
    while left:
        here = left.pop()
        parent = resolved(root, here)
        if parent is None or parent in entered:
            continue
        entered.add(parent)
        for name in names_in(root, here):
            place = resolved(root, here / name)
            if place is None:
                continue
            with _refusals(place):
                is_directory, is_file = place.is_dir(), place.is_file()
            if is_directory:
                left.insert(len(left) if place == parent / name else 0, here / name)
            elif is_file:
                count += 1
                yield str(here / name)
            if count == MOST_FILES:
                return


@contextlib.contextmanager
def _refusals(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HostError(
            f"{place}: {error.strerror or error}", "run the command again with sudo"
        ) from error

"""A file that only grows, each line of which is on the disk before anything else happens."""

import os
from pathlib import Path

from nvrstack.host.atomic import refused, sync

RESERVE = ".reserve"
RESERVE_BYTES = 64 * 1024
"""Kept beside the file, and given up for its last lines when the disk is full."""


def lines(path: Path) -> tuple[str, ...]:
    """The whole lines of the file, none where there is no file.

    What a power cut has left of a last line does not count.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    return tuple(text.split("\n")[:-1])


def append(path: Path, line: str) -> None:
    """Add a line, with fsync(2) before and after it. Raises HostError when the disk refuses."""
    try:
        try:
            _append(path, line)
        except OSError:
            path.with_name(path.name + RESERVE).unlink()
            _append(path, line)
    except OSError as error:
        raise refused(path, error, "the journal is as it was before") from error


def reserve(path: Path) -> None:
    """Keep room for the last lines. Raises HostError when there is none."""
    place = path.with_name(path.name + RESERVE)
    try:
        place.write_bytes(b"\0" * RESERVE_BYTES)
    except OSError as error:
        place.unlink(missing_ok=True)
        raise refused(place, error) from error


def release(path: Path) -> None:
    """Give the room up."""
    path.with_name(path.name + RESERVE).unlink(missing_ok=True)


def _append(path: Path, line: str) -> None:
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        end = _end_of_lines(descriptor)
        os.ftruncate(descriptor, end)
        os.fsync(descriptor)
        try:
            content = f"{line}\n".encode()
            if os.pwrite(descriptor, content, end) != len(content):
                raise OSError(28, os.strerror(28), str(path))
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)
    if is_new:
        sync(path.parent)


def _end_of_lines(descriptor: int) -> int:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).rfind(b"\n") + 1

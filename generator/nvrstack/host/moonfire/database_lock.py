"""The lock on Moonfire's database directory: who has it records, and nobody else can.

The server takes flock(2) on the directory for as long as it runs, before it does anything else.
"""

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path

from nvrstack.errors import HostError
from nvrstack.host import atomic
from nvrstack.host.atomic import refused
from nvrstack.host.moonfire.database_copy import NAME, PARTS, database_copy


def is_locked(directory: Path) -> bool:
    """Whether a server has the database. Raises HostError."""
    descriptor = locked(directory)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def copy_database(directory: Path, target: Path) -> None:
    """Copy the database and its log into `target`, which holds a whole copy or none afterwards.

    Nobody can use the database meanwhile; where a server was quicker, the copy is made beside it.
    Raises HostError.
    """
    if (target / NAME).exists():
        return
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = locked(directory)
        if descriptor is None:
            _copy_beside(directory, target)
            return
        try:
            # The database itself last: it tells that the copy is whole.
            for part in reversed(PARTS):
                _copy_part(directory / part, target / part)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise refused(target, error, "the database is as it was") from error
    except sqlite3.Error as error:
        raise HostError(
            f"{target}: {error}", "check that the disk has room; the database is as it was"
        ) from error


def _copy_beside(directory: Path, target: Path) -> None:
    partial = target / "partial"
    partial.unlink(missing_ok=True)
    with (
        database_copy(directory, ()) as source,
        contextlib.closing(sqlite3.connect(partial)) as copy,
    ):
        partial.chmod(0o600)
        source.backup(copy)
    atomic.rename(partial, target / NAME)


def _copy_part(source: Path, target: Path) -> None:
    if not source.exists():
        target.unlink(missing_ok=True)
        return
    atomic.snapshot(source, target)


def locked(directory: Path) -> int | None:
    """A descriptor that holds the lock, None where somebody else does. Raises HostError."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise HostError(
            f"{directory}: {error.strerror}", "check that it is there, and run it with sudo"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor

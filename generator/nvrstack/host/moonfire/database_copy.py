"""A copy of Moonfire's database: the live one is neither locked nor written, nor is its folder.

From version 0.7.12 on the server holds SQLite's exclusive lock for all its life, and SQLite's own
read-only modes either refuse, leave files beside the database, or miss what stands in the
write-ahead log. So the files are copied, all from one moment (https://sqlite.org/wal.html).
"""

import contextlib
import os
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from nvrstack.errors import HostError

NAME = "db"
PARTS = (NAME, f"{NAME}-wal", f"{NAME}-journal")
"""The database, the log of what is not in it yet, and what an interrupted upgrade would undo."""
ATTEMPTS = 5
WAIT_SECONDS = 0.5
SPARE_BYTES = 64 * 1024 * 1024

_State = tuple[tuple[int, ...] | None, ...]


@contextlib.contextmanager
def database_copy(directory: Path, tables: Sequence[str]) -> Iterator[sqlite3.Connection]:
    """A connection to a consistent copy of the database in `directory`, while the server may run.

    `tables` are those that are going to be read, and are checked. The copy, which holds the
    cameras' passwords, is for this user alone and is gone afterwards. Raises HostError when there
    is no database, it may not be read, no disk has room for a copy, it is damaged, or it is written
    to at every attempt.
    """
    reason = "it is written to all the time, so that no copy is whole"
    with tempfile.TemporaryDirectory(prefix="nvrstack-", dir=_room(directory)) as folder:
        copy = Path(folder)
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(WAIT_SECONDS)
            if not _copied(directory, copy):
                continue
            with contextlib.closing(sqlite3.connect(copy / NAME)) as connection:
                problem = _problem(connection, tables)
                if problem is None:
                    yield connection
                    return
            reason = problem
    raise HostError(
        f"{directory / NAME}: {reason}",
        "stop Moonfire and try again; if it does not start any more either, restore a backup",
    )


def _room(directory: Path) -> str:
    """A directory for temporary files with room for a copy."""
    sizes = [entry[1] for entry in _state(directory) if entry is not None]
    if not sizes:
        raise HostError(
            f"{directory / NAME}: there is no database", "check which directory Moonfire uses"
        )
    needed = sum(sizes) + SPARE_BYTES
    candidates = (tempfile.gettempdir(), "/var/tmp")  # noqa: S108 - TemporaryDirectory makes its own
    for candidate in candidates:
        with contextlib.suppress(OSError):
            if shutil.disk_usage(candidate).free >= needed:
                return candidate
    raise HostError(
        f"there is no room for a copy of {directory / NAME}: {needed // 1024**2} MiB are needed in "
        f"{' or '.join(candidates)}",
        "set TMPDIR to a directory on a larger disk",
    )


def _state(directory: Path) -> _State:
    """What tells whether a file was written to, for each part that exists."""
    return tuple(_part_state(directory / part) for part in PARTS)


def _part_state(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(path, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise HostError(f"{path}: is no ordinary file", "check which directory Moonfire uses")
    return found.st_ino, found.st_size, found.st_mtime_ns


def _copied(directory: Path, copy: Path) -> bool:
    """Copy all parts; tell whether nothing was written to them meanwhile."""
    before = _state(directory)
    for path in copy.iterdir():
        path.unlink()
    for part, state in zip(PARTS, before, strict=True):
        if state is not None and not _copy_part(directory / part, copy / part):
            return False
    return before == _state(directory) and before[0] is not None


def _copy_part(source: Path, target: Path) -> bool:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _refused(source, error) from error
    return True


def _refused(path: Path, error: OSError) -> HostError:
    return HostError(
        f"{path}: {error.strerror or error}",
        "run the command again with sudo" if os.geteuid() != 0 else "check the disk",
    )


def _problem(connection: sqlite3.Connection, tables: Sequence[str]) -> str | None:
    """What is wrong with the copy, or None; only tables that exist are looked at."""
    try:
        connection.execute("pragma query_only = on")
        (count,) = connection.execute("select count(*) from sqlite_master").fetchone()
        if not count:
            return "it has no tables"
        for table in tables:
            known = "select count(*) from sqlite_master where type = 'table' and name = ?"
            if connection.execute(known, (table,)).fetchone()[0]:
                # The recordings are left out: there may be millions.
                quoted = table.replace("'", "''")
                (verdict,) = connection.execute(f"pragma quick_check('{quoted}')").fetchone()
                if verdict != "ok":
                    return str(verdict)
    except sqlite3.Error as error:
        return str(error)
    return None

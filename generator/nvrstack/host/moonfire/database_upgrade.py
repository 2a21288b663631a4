"""Moonfire's database around `moonfire-nvr upgrade`, after which no older version opens it.

What is kept goes back whole: the database, and of each directory for recordings the file `meta`,
which must agree with the database on when it was last opened. What it takes the place of is kept
too, in the directory `after-upgrade` beside it, and can return. No server may use them meanwhile.
"""

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from nvrstack.errors import HostError
from nvrstack.host import file_copies
from nvrstack.host.atomic import refused
from nvrstack.host.moonfire.database_copy import NAME
from nvrstack.host.moonfire.database_lock import locked
from nvrstack.host.moonfire.sample_dirs import META

STATE = "put-back"
BEGUN, DONE, RETURNING = "begun", "done", "returning"
AFTER = "after-upgrade"
PATIENCE_SECONDS = 20
"""A server that the database does not suit has it for a moment at each of its attempts."""
LEFTOVERS = (f"{NAME}-wal", f"{NAME}-shm", f"{NAME}-journal")
"""What SQLite would take for a part of whichever database lies beside it."""


def schema(directory: Path) -> int:
    """The schema of the database in `directory`. Raises HostError, also while a server has it."""
    with _connected(directory / NAME) as connection:
        (found,) = connection.execute("select max(id) from version").fetchone()
        return int(found)


def schema_at_rest(directory: Path) -> int | None:
    """The schema that stands in the database's own file, though a server may have it.

    What is in the write-ahead log alone is not seen (https://sqlite.org/uri.html, immutable); an
    upgrade ends with an empty one. None where the file does not tell.
    """
    uri = f"{(directory / NAME).as_uri()}?mode=ro&immutable=1"
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(uri, uri=True)) as connection,
    ):
        (found,) = connection.execute("select max(id) from version").fetchone()
        return None if found is None else int(found)
    return None


def keep(directory: Path, sample_dirs: Sequence[Path], store: Path) -> None:
    """Keep the database and what goes with it in `store`, instead of what is there.

    Raises HostError, also where `put_back` was cut short: `store` has what is missing then.
    """
    if _said(store) == BEGUN:
        raise HostError(
            f"{directory}: the way back of the database was cut short",
            "go on with it: nvrstack migrate rollback",
        )
    try:
        shutil.rmtree(store, ignore_errors=True)
        store.mkdir(mode=0o700, parents=True)
        # Closed in good order, it has no parts beside it any more.
        with _alone(directory), _connected(directory / NAME) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
        with _alone(directory):
            for path in (directory / NAME, *_metas(sample_dirs)):
                file_copies.keep(path, store)
    except OSError as error:
        raise refused(store, error, "the database is as it was") from error


def put_back(directory: Path, sample_dirs: Sequence[Path], store: Path) -> bool:
    """Put back what `keep` kept, once; tell whether the database had been upgraded since.

    A database of the schema that was kept stays as it is. Raises HostError.
    """
    state, said = store / STATE, _said(store)
    kept = store / str(directory / NAME).lstrip("/")
    if said == DONE or not kept.exists():
        return said == DONE
    with _alone(directory):
        if said == "":
            if schema(directory) == schema(kept.parent):
                return False
            _keep_newer(directory, sample_dirs, store)
        file_copies.write_private(state, BEGUN)
        _replace(directory, sample_dirs, store)
        file_copies.write_private(state, DONE)
    return True


def return_newer(directory: Path, sample_dirs: Sequence[Path], store: Path) -> bool:
    """Put the upgraded database back, whose place `put_back` gave to the older one.

    Tells whether that was done; it is not once something was recorded into the older one, for that
    would be lost. Raises HostError.
    """
    said, newer = _said(store), store.with_name(AFTER)
    if said not in (DONE, RETURNING) or not newer.exists():
        return False
    with _alone(directory):
        kept = store / str(directory / NAME).lstrip("/")
        if said == DONE and _recorded(directory) != _recorded(kept.parent):
            return False
        file_copies.write_private(store / STATE, RETURNING)
        _replace(directory, sample_dirs, newer)
        (store / STATE).unlink()
    return True


def _keep_newer(directory: Path, sample_dirs: Sequence[Path], store: Path) -> None:
    newer = store.with_name(AFTER)
    try:
        shutil.rmtree(newer, ignore_errors=True)
        newer.mkdir(mode=0o700)
    except OSError as error:
        raise refused(newer, error, "the database is as it was") from error
    with contextlib.suppress(HostError), _connected(directory / NAME) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    for path in (*_parts(directory), *_metas(sample_dirs)):
        file_copies.keep(path, newer)


def _replace(directory: Path, sample_dirs: Sequence[Path], store: Path) -> None:
    for path in _parts(directory):
        if path.name in LEFTOVERS:
            path.unlink()
    for path in (*(directory / name for name in (NAME, *LEFTOVERS)), *_metas(sample_dirs)):
        file_copies.put_back(path, store)


def _recorded(directory: Path) -> int:
    """How many recordings were ever made into the database (upstream: server/db/schema.sql)."""
    with _connected(directory / NAME) as connection:
        (found,) = connection.execute("select sum(cum_recordings) from stream").fetchone()
        return int(found or 0)


def _parts(directory: Path) -> list[Path]:
    paths = [directory / name for name in (NAME, *LEFTOVERS)]
    return [path for path in paths if path.exists()]


def _said(store: Path) -> str:
    """How far `put_back` has come."""
    state = store / STATE
    return state.read_text(encoding="utf-8") if state.exists() else ""


def _metas(sample_dirs: Sequence[Path]) -> list[Path]:
    return [place / META for place in sample_dirs if (place / META).exists()]


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (descriptor := locked(directory)) is None:
        if time.monotonic() > deadline:
            raise HostError(f"{directory}: a server has the database", "stop it, and try again")
        time.sleep(0.1)
    try:
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as found:
            yield found
    except sqlite3.Error as error:
        raise HostError(f"{path}: {error}", "check the disk, and that no server runs") from error

"""The directories for recordings: opened and locked in the documented order."""

from __future__ import annotations

import re
from pathlib import Path

from tests.standins.moonfire.database import Database
from tests.standins.moonfire.meta import DirMeta, Open, lock_directory
from tests.standins.moonfire.program import MoonfireError, os_error, version

SAMPLE_FILE = re.compile("[0-9a-f]{16}")


def open_sample_dirs(db: Database) -> list[int]:
    """Open and lock each directory that a stream uses, at the exact path of the database.

    First every `meta` is checked and marked as in progress, then the database notes the open,
    then `meta` does: the documented order, so that a crash between them is survived.
    """
    rows = db.conn.execute(
        "select d.id, d.uuid, json_extract(d.config, '$.path'), o.id, o.uuid "
        "from sample_file_dir d left join open o on o.id = d.last_complete_open_id "
        "where d.id in (select sample_file_dir_id from stream) order by d.id"
    ).fetchall()
    fds = []
    for _, dir_uuid, text, open_id, open_uuid in rows:
        last = None if open_id is None else Open(open_id, open_uuid)
        try:
            fds.append(open_sample_dir(db, Path(text), dir_uuid, last))
        except MoonfireError as err:
            raise MoonfireError(err.kind, f"Failed to open dir {text}\ncaused by: {err}") from err
    if db.opened is not None:
        for dir_id, dir_uuid, text, _, _ in rows:
            db.conn.execute(
                "update main.sample_file_dir set last_complete_open_id = ? where id = ?",
                (db.opened.id, dir_id),
            )
            # From v0.7.26 on the open that is complete is called one in progress.
            name = "in_progress_open" if version() >= (0, 7, 26) else "last_complete_open"
            DirMeta(db.uuid, dir_uuid, **{name: db.opened}).write(Path(text))
            abandon(db, dir_id, Path(text))
    return fds


def open_sample_dir(db: Database, path: Path, dir_uuid: bytes, last: Open | None) -> int:
    """Open one sample directory, check its `meta`, and mark the current open in it."""
    try:
        # Only a directory that was never opened may be created; its parent must exist.
        if last is None and not path.exists():
            path.mkdir(mode=0o700)
        fd = lock_directory(path, shared=db.read_only)
    except BlockingIOError as err:
        raise MoonfireError("ABORTED", f"unable to lock dir {path}\ncaused by: {err}") from err
    except OSError as err:
        raise os_error(f"unable to open dir {path}", err) from err
    problem = meta_problem(DirMeta.read(path), DirMeta(db.uuid, dir_uuid, last))
    if last is None and not problem and any(entry.name != "meta" for entry in path.iterdir()):
        problem = f"can't create dir at path {path} with existing files"
    if problem:
        raise MoonfireError("FAILED_PRECONDITION", problem)
    if db.opened is not None:
        DirMeta(db.uuid, dir_uuid, last, db.opened).write(path)
    return fd


def meta_problem(actual: DirMeta, wanted: DirMeta) -> str:
    """Compare a directory's `meta` with what the database believes; return the difference."""
    if wanted.last_complete_open is None:
        return "" if actual.last_complete_open is None else "unexpectedly opened"
    if actual.db_uuid != wanted.db_uuid:
        return "db uuid mismatch"
    if actual.dir_uuid != wanted.dir_uuid:
        return "dir uuid mismatch"
    if wanted.last_complete_open not in (actual.last_complete_open, actual.in_progress_open):
        return f"not at expected last open {wanted.last_complete_open}"
    return ""


def abandon(db: Database, dir_id: int, path: Path) -> None:
    """Remove the files of recordings that were never completed: their numbers are used again."""
    counted = dict(
        db.conn.execute(
            "select id, cum_recordings from stream where sample_file_dir_id = ?", (dir_id,)
        )
    )
    for file in path.iterdir():
        if SAMPLE_FILE.fullmatch(file.name):
            identity = int(file.name, 16)
            if (identity & 0xFFFFFFFF) >= counted.get(identity >> 32, 0):
                file.unlink()

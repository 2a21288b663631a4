"""The SQLite file: how it is made and how it is opened."""

from __future__ import annotations

import os
import sqlite3
import time
import urllib.parse
import uuid
from pathlib import Path

from tests.standins.moonfire.meta import lock_db_dir
from tests.standins.moonfire.program import MoonfireError, log, os_error, version
from tests.standins.moonfire.schema_tables import SCHEMA_6, SCHEMA_7

# What a server of schema 6 reads from columns, in the form in which schema 7 has it. Temporary
# views come before tables of the same name (https://sqlite.org/lang_naming.html).
VIEWS_OF_6 = """
create temp view sample_file_dir as select id, uuid, json_object('path', path) as config,
  last_complete_open_id from main.sample_file_dir;
create temp view camera as select id, uuid, short_name,
  json_object('username', coalesce(username, ''), 'password', coalesce(password, '')) as config
  from main.camera;
create temp view stream as select id, camera_id, sample_file_dir_id, type, json_object(
    'mode', iif(record, 'record', ''), 'url', rtsp_url, 'retainBytes', retain_bytes,
    'flushIfSec', flush_if_sec) as config,
  cum_recordings, cum_media_duration_90k, cum_runs from main.stream;
create temp view user as select id, username, json_object('disabled', iif(flags & 1, json('true'),
    json('false'))) as config, password_hash, password_id, permissions from main.user;
"""


def expected_schema() -> int:
    """Return the only schema that the version which is played opens."""
    return 6 if version() < (0, 7, 0) else 7


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open the SQLite file: `rw` and `rwc` exclusively for good, `ro` with ordinary locks."""
    vfs = "unix" if mode == "ro" or version() < (0, 7, 12) else "unix-excl"
    uri = f"file:{urllib.parse.quote(str(path.absolute()))}?mode={mode}&vfs={vfs}"
    conn = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    conn.execute("pragma foreign_keys = on")
    conn.execute("pragma synchronous = 3")
    conn.execute("pragma temp_store = memory")
    return conn


def init(db_dir: Path) -> int:
    """The subcommand `init`: create the database, or leave an existing one alone."""
    try:
        db_dir.mkdir(mode=0o700, exist_ok=True)
    except OSError as err:
        raise os_error(f"unable to create db dir {db_dir}", err) from err
    lock = lock_db_dir(db_dir)
    try:
        conn = connect(db_dir / "db", "rwc")
        if conn.execute("select 1 from sqlite_master where name = 'version'").fetchone():
            found = conn.execute("select max(id) from version").fetchone()[0]
            log("INFO", f"Database is already initialized with schema version {found}.")
            conn.close()
            return 0
        # The page size can only be set outside WAL mode.
        conn.execute("pragma page_size = 16384")
        conn.execute("vacuum")
        conn.execute("pragma journal_mode = wal")
        tables = SCHEMA_6 if expected_schema() == 6 else SCHEMA_7
        conn.executescript(f"begin; {tables} commit;")
        found = (expected_schema(), int(time.time()), "db creation")
        conn.execute("insert into version values (?, ?, ?)", found)
        conn.execute("insert into meta (uuid) values (?)", (uuid.uuid4().bytes,))
        conn.close()
    except sqlite3.Error as err:
        raise MoonfireError("UNKNOWN", str(err)) from err
    finally:
        os.close(lock)
    log("INFO", "Database initialized.")
    return 0

"""The SQLite file: its tables, how it is made and how it is opened."""

from __future__ import annotations

import os
import sqlite3
import time
import urllib.parse
import uuid
from pathlib import Path

from tests.standins.moonfire.meta import lock_db_dir
from tests.standins.moonfire.program import MoonfireError, log, os_error, version

# The tables of schema version 7; columns, checks and references as documented. Schema 6 is told
# apart by its number alone: it has the same tables here.
SCHEMA = """
create table meta (uuid blob not null check (length(uuid) = 16), config text);
create table version (id integer primary key, unix_time integer not null, notes text);
create table open (
  id integer primary key, uuid blob unique not null check (length(uuid) = 16),
  start_time_90k integer, end_time_90k integer, duration_90k integer,
  boot_uuid check (length(boot_uuid) = 16));
create table sample_file_dir (
  id integer primary key, uuid blob unique not null check (length(uuid) = 16), config text,
  last_complete_open_id integer references open (id));
create table camera (
  id integer primary key, uuid blob unique not null check (length(uuid) = 16),
  short_name text not null, config text not null);
create table stream (
  id integer primary key, camera_id integer not null references camera (id),
  sample_file_dir_id integer references sample_file_dir (id),
  type text not null check (type in ('main', 'sub', 'ext')), config text not null,
  cum_recordings integer not null default 0, cum_media_duration_90k integer not null default 0,
  cum_runs integer not null default 0, unique (camera_id, type));
create table user (
  id integer primary key, username unique not null, config text, password_hash text,
  password_id integer not null default 0, password_failure_count integer not null default 0,
  permissions blob not null default X'');
create table user_session (
  session_id_hash blob primary key not null, user_id integer references user (id) not null,
  seed blob not null, flags integer not null, domain text, description text,
  creation_password_id integer, creation_time_sec integer not null, creation_user_agent text,
  creation_peer_addr blob, revocation_time_sec integer, revocation_user_agent text,
  revocation_peer_addr blob, revocation_reason integer, revocation_reason_detail text,
  last_use_time_sec integer, last_use_user_agent text, last_use_peer_addr blob,
  use_count not null default 0, permissions blob not null default X'') without rowid;
create index user_session_uid on user_session (user_id);
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
        conn.executescript(f"begin; {SCHEMA} commit;")
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

"""`upgrade` from schema 6 to 7: the tables that change, in one transaction, then a vacuum.

Upstream: server/db/upgrade/mod.rs and v6_to_v7.rs. What upstream's reader cannot take ends it
before anything is committed: a user without a password, a stream without a directory, a stream or
an ONVIF host whose address is none.
"""

from __future__ import annotations

import json
import sqlite3
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

from tests.standins.moonfire.levers import lever, seconds
from tests.standins.moonfire.program import MoonfireError, log
from tests.standins.moonfire.schema_tables import (
    BOOT,
    CAMERAS_7,
    RECORDING,
    SIGNALS_7,
    USERS_7,
)

CHANGED = ("meta", "sample_file_dir", "camera", "stream", "user", "signal")


def upgrade(conn: sqlite3.Connection, found: int, *, journal: str, vacuum: bool) -> None:
    """Bring a database of schema 6 to schema 7."""
    log("INFO", f"Upgrading database from schema version {found} to schema version 7...")
    conn.execute(f"pragma journal_mode = {journal}").fetchone()
    if found == 6:
        log("INFO", "...from schema version 6 to schema version 7")
        # Foreign keys name tables; the renamed ones would take them along.
        conn.execute("pragma foreign_keys = off")
        conn.execute("pragma legacy_alter_table = on")
        conn.execute("begin")
        try:
            _change(conn)
            time.sleep(seconds("upgrade_seconds"))
            conn.execute(
                "insert into version values (7, ?, ?)",
                (int(time.time()), f"Upgraded using moonfire-nvr {lever('version')}"),
            )
        except BaseException:
            conn.execute("rollback")
            raise
        conn.execute("commit")
    if vacuum:
        log("INFO", "...vacuuming database after upgrade.")
        conn.execute("pragma page_size = 16384")
        conn.execute("vacuum")
    conn.execute("pragma journal_mode = wal").fetchone()
    log("INFO", "...done.")


def _change(conn: sqlite3.Connection) -> None:
    for table in CHANGED:
        conn.execute(f"alter table {table} rename to old_{table}")
    _execute(conn, CAMERAS_7 + USERS_7 + SIGNALS_7)
    conn.execute(f"alter table open add column {BOOT.strip(', ')}")
    for uuid, changes in conn.execute("select uuid, max_signal_changes from old_meta").fetchall():
        config = {} if changes is None else {"maxSignalChanges": changes}
        conn.execute("insert into meta values (?, ?)", (uuid, json.dumps(config)))
    conn.execute(
        "insert into sample_file_dir select id, uuid, json_object('path', path),"
        " last_complete_open_id from old_sample_file_dir"
    )
    for table, rows in (("camera", _cameras), ("stream", _streams), ("user", _users)):
        for row in rows(conn):
            conn.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
    conn.execute("alter table recording rename to old_recording")
    conn.execute("drop index recording_cover")
    _execute(conn, RECORDING.format(end_reason="\n  end_reason text"))
    conn.execute("insert into recording select *, null from old_recording")
    for table in ("recording", "stream", *CHANGED[:3], "user", "signal_camera", "signal"):
        old = table if table == "signal_camera" else f"old_{table}"
        conn.execute(f"drop table if exists {old}")
    conn.execute("drop table signal_type_enum")


def _execute(conn: sqlite3.Connection, script: str) -> None:
    # `executescript` would end the transaction.
    for statement in script.split(";"):
        if statement.strip():
            conn.execute(statement)


def _cameras(conn: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    query = "select id, uuid, short_name, description, onvif_host, username, password from"
    for number, uuid, name, description, host, user, password in conn.execute(
        f"{query} old_camera"
    ).fetchall():
        onvif = None if not host else _url(f"http://{host}/", f"bad onvif_host for camera {number}")
        config = {
            "description": description,
            "onvifBaseUrl": onvif,
            "username": user,
            "password": password,
        }
        yield number, uuid, name, json.dumps({k: v for k, v in config.items() if v})


def _streams(conn: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    query = (
        "select id, camera_id, sample_file_dir_id, type, record, rtsp_url, retain_bytes,"
        " flush_if_sec, cum_recordings, cum_media_duration_90k, cum_runs from old_stream"
    )
    for row in conn.execute(query).fetchall():
        number, camera, directory, kind, record, url, retain, flush, *counters = row
        if directory is None:
            raise _unreadable("sample_file_dir_id")
        config = {
            "mode": "record" if record else "",
            "url": _url(url, f"bad rtsp_url for stream {number}"),
            "retainBytes": retain,
            "flushIfSec": flush,
        }
        text = json.dumps({k: v for k, v in config.items() if v != ""})
        yield number, camera, directory, kind, text, *counters


def _users(conn: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    query = (
        "select id, username, flags, password_hash, password_id, password_failure_count, unix_uid,"
        " permissions from old_user"
    )
    for number, name, flags, hashed, password_id, failures, uid, permissions in conn.execute(
        query
    ).fetchall():
        if hashed is None:
            raise _unreadable("password_hash")
        config = {**({"disabled": True} if flags & 1 else {}), **({"unixUid": uid} if uid else {})}
        yield number, name, json.dumps(config), hashed, password_id, failures, permissions


def _url(text: str, problem: str) -> str:
    parts = urllib.parse.urlsplit(text)
    if not parts.scheme or not parts.hostname:
        raise MoonfireError("INVALID_ARGUMENT", problem)
    return text


def _unreadable(column: str) -> MoonfireError:
    return MoonfireError("UNKNOWN", f"Invalid column type Null at index: 3, name: {column}")

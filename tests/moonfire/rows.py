"""Cameras and directories as Moonfire's own editor writes them into a database.

Schemas 6 and 7 (upstream: server/db/schema.sql at v0.6.7 and v0.7.30). The server must be stopped.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

RETAIN_BYTES = 1 << 32
"""More than any test records."""


DOOR = uuid.UUID("00000000-0000-4000-8000-000000000001")


@dataclass(frozen=True)
class Camera:
    """What somebody enters into the editor."""

    name: str
    urls: dict[str, str]
    """The RTSP address of each stream, by its type: main, sub, ext."""
    username: str = ""
    password: str = ""
    retain_bytes: int = RETAIN_BYTES
    flush_if_sec: int = 0
    records: bool = True
    identity: uuid.UUID = DOOR


@contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a stopped server's database, whose files keep their owner."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("pragma foreign_keys = on")
        yield connection


def schema(connection: sqlite3.Connection) -> int:
    """The schema of a database."""
    (found,) = connection.execute("select max(id) from version").fetchone()
    return int(found)


def add_directory(connection: sqlite3.Connection, path: str) -> int:
    """Add a directory for recordings, which the server finds at `path`; return its id."""
    old = schema(connection) == 6
    column, value = ("path", path) if old else ("config", json.dumps({"path": path}))
    row = connection.execute(
        f"insert into sample_file_dir (uuid, {column}) values (?, ?)", (uuid.uuid4().bytes, value)
    )
    return row.lastrowid or 0


def add_camera(connection: sqlite3.Connection, camera: Camera, directory: int | None) -> int:
    """Add a camera whose streams are recorded into a directory; return its id."""
    if schema(connection) == 6:
        values: dict[str, object] = {
            "username": camera.username or None,
            "password": camera.password or None,
        }
    else:
        known = {"username": camera.username, "password": camera.password}
        values = {"config": json.dumps({key: value for key, value in known.items() if value})}
    row = {"uuid": camera.identity.bytes, "short_name": camera.name, **values}
    number = _insert(connection, "camera", row)
    for kind, url in camera.urls.items():
        _insert(connection, "stream", _stream(connection, camera, kind, url, number, directory))
    return number


def _stream(
    connection: sqlite3.Connection,
    camera: Camera,
    kind: str,
    url: str,
    number: int,
    directory: int | None,
) -> dict[str, object]:
    common = {"camera_id": number, "sample_file_dir_id": directory, "type": kind}
    counters = {"cum_recordings": 0, "cum_media_duration_90k": 0, "cum_runs": 0}
    if schema(connection) == 6:
        config: dict[str, object] = {
            "record": int(camera.records),
            "rtsp_url": url,
            "retain_bytes": camera.retain_bytes,
            "flush_if_sec": camera.flush_if_sec,
        }
    else:
        settings = {
            **({"mode": "record"} if camera.records else {}),
            "url": url,
            "retainBytes": camera.retain_bytes,
            "flushIfSec": camera.flush_if_sec,
        }
        config = {"config": json.dumps(settings)}
    return {**common, **config, **counters}


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> int:
    places = ", ".join("?" * len(row))
    columns: Sequence[str] = list(row)
    done = connection.execute(
        f"insert into {table} ({', '.join(columns)}) values ({places})", tuple(row.values())
    )
    return done.lastrowid or 0

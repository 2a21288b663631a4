"""Moonfire's tables, new and upgraded: the stand-in's are those of v0.7.30."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.bed.process import Word, wait_for
from tests.contract.nvr import Nvr, nvr
from tests.moonfire.past import Past, add_past
from tests.moonfire.rows import Camera, add_camera, add_directory, opened, schema
from tests.standins.moonfire.levers import FILE
from tests.standins.moonfire.schema_tables import SCHEMA_6, SCHEMA_7

HASH = "$$scrypt$ln=14,r=8,p=1$YQ$YQ"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Nvr]:
    with nvr(tmp_path, 0) as found:
        yield found


@pytest.fixture
def old(server: Nvr) -> Nvr:
    """A server whose database has schema 6, a camera, a recording and a user."""
    server.make()
    for path in server.database.iterdir():
        path.unlink()
    with closing(sqlite3.connect(server.database / "db")) as connection:
        connection.executescript(SCHEMA_6)
        connection.execute("insert into version values (6, 0, 'db creation')")
        connection.execute("insert into meta (uuid) values (?)", (os.urandom(16),))
        connection.commit()
    with opened(server.database / "db") as connection:
        directory = add_directory(connection, str(server.samples))
        front = Camera("front", {"main": "rtsp://192.0.2.1/main"}, "me", "secret", 7, 60)
        add_camera(connection, front, directory)
        connection.execute("update camera set onvif_host = '192.0.2.1', description = 'a door'")
        add_past(connection, 1, server.samples, [Past(1_700_000_000, 4, 512)])
        connection.execute(
            "insert into user (username, flags, password_hash, permissions)"
            " values ('me', 1, ?, x'0801')",
            (HASH,),
        )
    return server


def tables(connection: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Each table's columns, references and indexes."""
    names = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
    return {
        name: [
            row
            for what in ("table_info", "foreign_key_list", "index_list")
            for row in sorted(connection.execute(f"pragma {what}({name})"), key=repr)
        ]
        for (name,) in names
    }


def wanted() -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA_7)
        return tables(connection)


def columns(found: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[str]]:
    """The names of each table's columns: rows that have a number and six fields."""
    return {name: [row[1] for row in rows if len(row) == 6] for name, rows in found.items()}


def test_a_new_database_has_the_tables_of_schema_7(server: Nvr) -> None:
    server.make()
    with opened(server.database / "db") as connection:
        assert tables(connection) == wanted()


def test_an_upgrade_carries_everything_over(old: Nvr) -> None:
    old.run("upgrade")
    with opened(old.database / "db") as connection:
        assert schema(connection) == 7
        # Upstream's upgrade leaves out a reference that a new database has.
        assert columns(tables(connection)) == columns(wanted())
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
        assert connection.execute("pragma page_size").fetchone() == (16384,)
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        (stream,) = connection.execute("select config from stream").fetchone()
        (camera,) = connection.execute("select config from camera").fetchone()
        (directory,) = connection.execute("select config from sample_file_dir").fetchone()
        name, config, hashed = connection.execute(
            "select username, config, password_hash from user"
        ).fetchone()
        recorded = connection.execute("select count(*) from recording_playback").fetchone()
    assert json.loads(stream) == {
        "mode": "record",
        "url": "rtsp://192.0.2.1/main",
        "retainBytes": 7,
        "flushIfSec": 60,
    }
    assert json.loads(camera) == {
        "description": "a door",
        "onvifBaseUrl": "http://192.0.2.1/",
        "username": "me",
        "password": "secret",
    }
    assert json.loads(directory) == {"path": str(old.samples)}
    assert (name, json.loads(config), hashed) == ("me", {"disabled": True}, HASH)
    assert recorded == (1,)


@pytest.mark.parametrize(
    "damage",
    [
        "update user set password_hash = null",
        "update stream set sample_file_dir_id = null",
        "update stream set rtsp_url = 'no address'",
    ],
)
def test_what_an_upgrade_cannot_read_stops_it_and_changes_nothing(old: Nvr, damage: str) -> None:
    with opened(old.database / "db") as connection:
        connection.execute(damage)
    assert old.run("upgrade", check=False).returncode == 1
    with opened(old.database / "db") as connection:
        assert schema(connection) == 6
        assert connection.execute("select count(*) from camera").fetchone() == (1,)


@pytest.mark.standin
def test_an_upgrade_that_is_killed_has_changed_nothing(old: Nvr) -> None:
    (old.folder / FILE).write_text(json.dumps({"upgrade_seconds": 30}))
    command: list[Word] = [old.program, "upgrade", f"--db-dir={old.database}"]
    with (old.folder / "log").open("wb") as log:
        old.process = subprocess.Popen(command, env=old.env, stderr=log)
    journal = old.database / "db-journal"
    assert wait_for(lambda: journal.exists() and journal.stat().st_size > 0, seconds=10)
    assert old.stop(signal.SIGKILL) == -signal.SIGKILL
    with opened(old.database / "db") as connection:
        assert schema(connection) == 6
        assert connection.execute("select rtsp_url from stream").fetchone() is not None
    (old.folder / FILE).unlink()
    old.run("upgrade")

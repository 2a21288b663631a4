"""What is read from Moonfire's database, and what is made of it."""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.errors import HostError, InputError
from nvrstack.host.moonfire import database_copy as moonfire_database
from nvrstack.host.moonfire.database_copy import database_copy
from nvrstack.migration.install import Install, Mount, Source
from nvrstack.migration.moonfire.camera_names import hosts_file, trouble_with
from nvrstack.migration.moonfire.database import (
    TABLES,
    Account,
    Database,
    SampleDirectory,
    Stream,
    read_database,
)
from nvrstack.migration.moonfire.database_findings import (
    DatabaseFindings,
    database_findings,
    sample_paths,
)
from tests.standins.moonfire.schema_tables import SCHEMA_6, SCHEMA_7
from tests.unit.strategies import ODD_TEXT, quickly

VIEWER = frozenset({"viewVideo"})
ALICE = Account("alice", disabled=False, hash_form="current", permissions=VIEWER)
STATE = Mount("bind", "/var/lib/moonfire-nvr", "/var/lib/moonfire-nvr")
DISK = Mount("bind", "/media/nvr", "/media/nvr")
COUNTERS = {"cum_recordings": 0, "cum_media_duration_90k": 0, "cum_runs": 0}


def insert(connection: sqlite3.Connection, table: str, **values: Any) -> None:
    marks = ", ".join("?" * len(values))
    statement = f"insert into {table} ({', '.join(values)}) values ({marks})"
    connection.execute(statement, [*values.values()])


def fill_7(connection: sqlite3.Connection) -> None:
    """Two users, two directories, three streams."""
    connection.executescript(SCHEMA_7)
    insert(connection, "version", id=7, unix_time=0, notes="made for a test")
    for name, user_config, hashed, granted in (
        ("alice", "{}", "$scrypt$ln=4,r=8,p=1$YQ$YQ", b"\x08\x01"),
        ("bob", '{"disabled": true}', "$$scrypt$ln=14,r=8,p=1$YQ$YQ", b"\x08\x01\x20\x01"),
        ("carol", None, None, b""),
    ):
        insert(connection, "user", username=name, config=user_config, password_hash=hashed,
               permissions=granted)  # fmt: skip
    for number, path in enumerate(("/media/nvr/sample", "/media/old"), 1):
        insert(connection, "sample_file_dir", id=number, uuid=os.urandom(16),
               config=json.dumps({"path": path}))  # fmt: skip
    for number, name in enumerate(("Front", "Back"), 1):
        insert(connection, "camera", id=number, uuid=os.urandom(16), short_name=name,
               config=json.dumps({"username": "admin", "password": "camera-secret"}))  # fmt: skip
    streams: tuple[tuple[int, str, int | None, dict[str, str]], ...] = (
        (
            1,
            "main",
            1,
            {"mode": "record", "url": "rtsp://Front.local/main", "rtspTransport": "udp"},
        ),
        (1, "sub", None, {"url": "rtsp://front.local:554/sub", "rtspTransport": "tcp"}),
        (2, "main", 1, {"mode": "record", "url": "rtsp://[fd00::7]/1"}),
    )
    for camera, kind, directory, config in streams:
        insert(connection, "stream", camera_id=camera, type=kind, sample_file_dir_id=directory,
               config=json.dumps(config), **COUNTERS)  # fmt: skip


WANTED_7 = Database(
    7,
    (
        ALICE,
        Account("bob", disabled=True, hash_form="0.6", permissions=VIEWER | {"adminUsers"}),
        Account("carol", disabled=False, hash_form="none", permissions=frozenset()),
    ),
    (SampleDirectory("/media/nvr/sample", used=True), SampleDirectory("/media/old", used=False)),
    (
        Stream("Front", "main", "front.local", udp=True, recorded=True),
        Stream("Front", "sub", "front.local", udp=False, recorded=False),
        Stream("Back", "main", "fd00::7", udp=False, recorded=True),
    ),
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A database directory as a running server of version 0.7.12 or newer has it."""
    return tmp_path


@pytest.fixture
def server(directory: Path) -> Iterator[sqlite3.Connection]:
    """A connection with the lock and the journal of a running server."""
    uri = f"file:{directory}/db?mode=rwc&vfs=unix-excl"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        connection.execute("pragma page_size = 16384")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma wal_autocheckpoint = 0")
        fill_7(connection)
        yield connection


def state(directory: Path) -> dict[str, tuple[bytes, int, int]]:
    """Everything about a folder that a careless reader would change."""
    found = {p.name: (p.read_bytes(), p.stat().st_mtime_ns, p.stat().st_ino) for p in
             directory.iterdir()}  # fmt: skip
    return {**found, ".": (b"", directory.stat().st_mtime_ns, 0)}


def read(directory: Path) -> Database:
    with database_copy(directory, TABLES) as connection:
        return read_database(connection)


def temporary(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """The place for temporary files, so that what is left there is seen."""
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_a_running_servers_database_is_read_to_the_last_commit(
    directory: Path, server: sqlite3.Connection
) -> None:
    assert (directory / "db").stat().st_size <= 16384, "all of it is still in the log"
    before = state(directory)
    assert sorted(before) == [".", "db", "db-wal"]
    assert read(directory) == WANTED_7
    assert state(directory) == before
    insert(server, "user", username="dave", config="{}")
    assert [account.name for account in read(directory).accounts][-1] == "dave"


def test_a_stopped_servers_database_is_left_without_a_trace(
    directory: Path, server: sqlite3.Connection
) -> None:
    server.close()
    before = state(directory)
    assert sorted(before) == [".", "db"]
    assert read(directory) == WANTED_7
    assert state(directory) == before


def test_an_interrupted_upgrade_is_undone_in_the_copy(directory: Path, tmp_path: Path) -> None:
    path = directory / "db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        fill_7(connection)
        connection.execute("pragma cache_size = 1")
        connection.execute("pragma cache_spill = 1")
        connection.execute("begin")
        connection.execute("update version set id = 8")
        connection.executemany(
            "insert into open (uuid) values (?)", [(os.urandom(16),) for _ in range(2000)]
        )
        copied = tmp_path / "copied"
        copied.mkdir()
        for file in directory.glob("db*"):
            (copied / file.name).write_bytes(file.read_bytes())
    assert sorted(p.name for p in copied.iterdir()) == ["db", "db-journal"]
    before = state(copied)
    assert read(copied).schema == 7
    assert state(copied) == before


@pytest.mark.parametrize("times", [1, 4, 99])
def test_what_is_written_during_a_copy_makes_it_begin_again(
    times: int, directory: Path, server: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server commits, and moves the log into the database, between the copies of the two."""
    monkeypatch.setattr(moonfire_database, "WAIT_SECONDS", 0)
    copied: list[str] = []

    def copyfile(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes())
        copied.append(source.name)
        if source.name == "db" and copied.count("db") <= times:
            insert(server, "user", username=f"new{copied.count('db')}", config="{}")
            server.execute("pragma wal_checkpoint(truncate)")

    monkeypatch.setattr(shutil, "copyfile", copyfile)
    if times == 99:
        with pytest.raises(HostError, match="written to all the time"):
            read(directory)
        assert copied.count("db") == 5
        return
    names = [account.name for account in read(directory).accounts]
    assert names == ["alice", "bob", "carol", *(f"new{n}" for n in range(1, times + 1))]
    assert copied.count("db") == times + 1


def test_nothing_but_the_owner_may_read_the_copy_and_it_goes(
    directory: Path,
    server: sqlite3.Connection,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert server
    folder = temporary(monkeypatch, tmp_path_factory.mktemp("t") / "tmp")
    with database_copy(directory, TABLES):
        (copy,) = folder.iterdir()
        assert copy.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "has no tables"), (b"no database " * 99, "not a database"), (None, "there is no")],
)
def test_what_is_no_database_is_named(
    content: bytes | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moonfire_database, "WAIT_SECONDS", 0)
    if content is not None:
        (tmp_path / "db").write_bytes(content)
    with pytest.raises(HostError, match=said) as caught:
        read(tmp_path)
    assert str(tmp_path / "db") in caught.value.message


def test_a_directory_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    with pytest.raises(HostError, match="no ordinary file"):
        read(tmp_path)


def test_a_damaged_page_is_named(
    directory: Path, server: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moonfire_database, "WAIT_SECONDS", 0)
    (page,) = server.execute("select rootpage from sqlite_master where name = 'user'").fetchone()
    server.close()
    with (directory / "db").open("r+b") as file:
        file.seek((page - 1) * 16384)
        file.write(b"\xff" * 16384)
    with pytest.raises(HostError, match=f"{directory}/db: "):
        read(directory)


def test_no_room_for_a_copy_is_named(
    directory: Path, server: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server
    monkeypatch.setattr(moonfire_database, "SPARE_BYTES", 2**62)
    with pytest.raises(HostError, match="no room for a copy") as caught:
        read(directory)
    assert "TMPDIR" in caught.value.hint


def test_schema_6() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA_6)
        insert(connection, "version", id=6, unix_time=0, notes="made for a test")
        insert(connection, "user", username="old", flags=0, password_hash="$$scrypt$x",
               permissions=b"\x08\x01")  # fmt: skip
        insert(connection, "user", username="off", flags=1)
        insert(connection, "sample_file_dir", id=1, uuid=os.urandom(16), path="/media/nvr")
        insert(connection, "camera", id=1, uuid=os.urandom(16), short_name="Door")
        insert(connection, "stream", camera_id=1, sample_file_dir_id=1, type="main", record=1,
               rtsp_url="rtsp://door/1", retain_bytes=0, flush_if_sec=0, **COUNTERS)  # fmt: skip
        assert read_database(connection) == Database(
            6,
            (
                Account("old", disabled=False, hash_form="0.6", permissions=VIEWER),
                Account("off", disabled=True, hash_form="none", permissions=frozenset()),
            ),
            (SampleDirectory("/media/nvr", used=True),),
            (Stream("Door", "main", "door", udp=False, recorded=True),),
        )


@pytest.mark.parametrize("schema", [1, 5, 8])
def test_another_schema_is_not_guessed_at(schema: int) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table version (id integer)")
        insert(connection, "version", id=schema)
        assert read_database(connection) == Database(schema)


@pytest.mark.parametrize(
    "script",
    [
        "",
        "create table version (id integer)",
        "create table version (id integer); insert into version values (7)",
        "create table version (id); insert into version values ('seven')",
        SCHEMA_7 + "insert into version values (7, 0, '');"
        "insert into user (username, config) values ('a', '{broken')",
    ],
)
def test_somebody_elses_database_is_an_error(script: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script)
        with pytest.raises(InputError):
            read_database(connection)


# What is made of it.


def install(*mounts: Mount, source: Source = "nvr-script") -> Install:
    return Install(source, "any", None, "moonfire-nvr", mounts=mounts or (STATE, DISK))


def found(database: Database, *mounts: Mount, **given: Any) -> DatabaseFindings:
    source = given.pop("source", "nvr-script")
    return database_findings(database, install(*mounts, source=source), given.pop("hosts", {}),
                             **given)  # fmt: skip


def account(**change: Any) -> Account:
    base = {"name": "x", "disabled": False, "hash_form": "current", "permissions": VIEWER}
    return Account(**{**base, **change})


@pytest.mark.parametrize(
    ("accounts", "said"),
    [
        ((), "there is no account"),
        ((account(disabled=True),), "every account is disabled or has no password"),
        ((account(hash_form="none"),), "every account is disabled or has no password"),
        (
            (account(hash_form="0.6"), account(disabled=True)),
            "every account is disabled or has no password that 0.7 takes",
        ),
        (
            (account(permissions=frozenset({"adminUsers"})), account(disabled=True)),
            "no account may view video (x)",
        ),
    ],
)
@pytest.mark.parametrize(
    ("source", "way_out"),
    [
        ("nvr-script", "sudo nvr config"),
        ("container", "`config`, while the container is stopped"),
        ("compose", "docker compose run --rm moonfire-nvr config"),
        ("systemd", "sudo -u moonfire-nvr moonfire-nvr config"),
    ],
)
def test_nobody_who_can_sign_in_blocks_and_the_way_out_is_named(
    accounts: tuple[Account, ...], said: str, source: Source, way_out: str
) -> None:
    (blocker,) = found(Database(7, accounts), source=source).blockers
    assert blocker.code == "nobody-can-sign-in"
    assert blocker.message == f"{said} in Moonfire, and after the move everybody must sign in"
    assert way_out in blocker.hint


def test_who_may_not_view_beside_others_is_named() -> None:
    blind = account(name="guest", permissions=frozenset())
    off = account(name="off", permissions=frozenset(), disabled=True)
    result = found(Database(7, (ALICE, blind, off)))
    assert result.blockers == ()
    (warning,) = result.warnings
    assert warning.code == "cannot-view"
    assert warning.message == "guest can sign in, but may not view video"


@pytest.mark.parametrize("schema", [5, 8])
def test_nothing_is_said_of_accounts_that_were_not_read(schema: int) -> None:
    assert found(Database(schema)) == DatabaseFindings()


def test_a_password_of_0_6_is_to_be_set_again() -> None:
    result = found(Database(7, (ALICE, account(name="anna", hash_form="0.6"))))
    assert result.blockers == ()
    (warning,) = result.warnings
    assert warning.code == "old-password"
    assert warning.hint == "set it again after the move: nvrstack user passwd anna"


def test_a_name_with_both_kinds_of_address_has_the_one_that_a_container_reaches() -> None:
    known = hosts_file("fd00::9 door\n192.168.1.9 door\n::1 x\n192.168.1.8 door\n")
    assert known == {"door": "192.168.1.9", "x": "::1"}


def test_a_stream_over_udp_is_named() -> None:
    streams = (Stream("Front", "main", "10.0.0.9", udp=True, recorded=True),)
    (warning,) = found(Database(7, (ALICE,), (), streams)).warnings
    assert warning.code == "udp-stream"
    assert warning.message.startswith("the main stream of Front comes over UDP")


HOSTS = "127.0.0.1 localhost\n127.0.1.1\tnvr.home nvr\n192.168.1.9 door Door.home # the door\n"


@pytest.mark.parametrize(
    ("host", "code", "remedy"),
    [
        ("localhost", "camera-loopback", "host.docker.internal:host-gateway"),
        ("127.0.0.1", "camera-loopback", "host.docker.internal:host-gateway"),
        ("::1", "camera-loopback", "host.docker.internal:host-gateway"),
        ("go2rtc.localhost", "camera-loopback", "host.docker.internal:host-gateway"),
        ("nvr", "camera-loopback", "host.docker.internal:host-gateway"),
        ("front.local", "camera-mdns", "fixed address"),
        ("front.local.", "camera-mdns", "fixed address"),
        ("door", "camera-hosts-file", 'extra_hosts: ["door:192.168.1.9"]'),
        ("door.home", "camera-hosts-file", 'extra_hosts: ["door.home:192.168.1.9"]'),
        ("shed", "camera-bare-name", 'extra_hosts: ["shed:ADDRESS"]'),
        ("fd00::7", "camera-ipv6", "IPv4 address"),
        ("192.168.1.9", None, ""),
        ("camera.example.com", None, ""),
    ],
)
def test_names_that_a_bridge_does_not_know(host: str, code: str | None, remedy: str) -> None:
    trouble = trouble_with(host, hosts_file(HOSTS), "front")
    assert (trouble.code if trouble else None) == code
    assert remedy in (trouble.hint if trouble else "")


def test_cameras_of_one_name_are_named_together() -> None:
    streams = tuple(
        Stream(camera, kind, "nvr.local", udp=False, recorded=True)
        for camera in ("Yard", "Door")
        for kind in ("main", "sub")
    )
    (warning,) = found(Database(7, (ALICE,), (), streams)).warnings
    assert warning.message.startswith("nvr.local, the address of Door, Yard, is announced by")


def directory_at(path: str, *, used: bool = True) -> Database:
    return Database(7, (ALICE,), (SampleDirectory(path, used=used),))


def test_directories_on_their_own_disks_are_mounted_where_they_are() -> None:
    result = found(directory_at("/media/nvr/sample"))
    assert result == DatabaseFindings(sample_dirs=("/media/nvr/sample",))
    assert sample_paths(directory_at("/media/nvr/sample"), install()) == (
        PurePosixPath("/media/nvr/sample"),
    )


def test_directories_beside_the_database_come_along() -> None:
    inside = directory_at("/var/lib/moonfire-nvr/sample")
    assert found(inside) == DatabaseFindings()
    assert found(inside, source="systemd") == DatabaseFindings()
    nested = Mount("bind", "/var/lib/moonfire-nvr/sample", "/var/lib/moonfire-nvr/sample")
    assert found(inside, STATE, nested).sample_dirs == ("/var/lib/moonfire-nvr/sample",)


def test_directories_inside_of_others_come_with_them() -> None:
    places = tuple(SampleDirectory(f"/media/nvr{rest}", used=True) for rest in ("/two", "", "/"))
    database = Database(7, (ALICE,), places)
    assert found(database) == DatabaseFindings(sample_dirs=("/media/nvr",))
    assert len(sample_paths(database, install())) == 3


@pytest.mark.parametrize(
    "mount", [Mount("bind", "/mnt/disk", "/media"), Mount("volume", "samples", "/media")]
)
def test_directories_that_the_override_mounts_need_nothing(mount: Mount) -> None:
    assert found(directory_at("/media/nvr"), STATE, mount) == DatabaseFindings()


def test_directories_in_a_volume_of_compose_are_explained() -> None:
    mount = Mount("volume", "samples", "/media")
    (warning,) = found(directory_at("/media/nvr"), STATE, mount, source="compose").warnings
    assert warning.code == "sample-dir-elsewhere"
    assert warning.hint.endswith(
        "volumes: [{type: volume, source: NAME, target: /media}] and, at the top, "
        "volumes: {NAME: {external: true}}"
    )


def test_directories_apart_from_a_database_elsewhere_have_a_mount_of_their_own() -> None:
    state, recordings = PurePosixPath("/ssd/nvr"), "/var/lib/moonfire-nvr/sample"
    beside = found(directory_at("/ssd/nvr/sample"), source="systemd", state=state)
    assert beside == DatabaseFindings(sample_dirs=("/ssd/nvr/sample",))
    apart = found(directory_at(recordings), source="systemd", state=state)
    assert apart == DatabaseFindings(sample_dirs=(recordings,))
    assert found(directory_at(recordings), STATE, state=state) == apart
    # The project's own mount would hide this one.
    hidden = Mount("bind", "/srv/old", "/var/lib/moonfire-nvr")
    (blocker,) = found(directory_at(recordings), hidden, state=state).blockers
    assert blocker.code == "sample-dir-below-state"
    own = "source=/srv/old/sample, destination=/var/lib/moonfire-nvr/sample"
    assert own in blocker.hint
    mended = Mount("bind", "/srv/old/sample", recordings)
    assert found(directory_at(recordings), hidden, mended, state=state) == DatabaseFindings()


@pytest.mark.parametrize("used", [True, False])
def test_a_directory_that_is_not_mounted_or_not_there(used: bool) -> None:
    lost = found(directory_at("/lost", used=used))
    gone = found(directory_at("/media/nvr/a", used=used), absent={PurePosixPath("/media/nvr/a")})
    for result, code in ((lost, "sample-dir-not-mounted"), (gone, "sample-dir-absent")):
        (finding,) = result.blockers if used else result.warnings
        assert finding.code == code
        assert ("does not start without it" in finding.message) == used
        assert result.sample_dirs == ()


@quickly
@given(st.text(), ODD_TEXT, st.lists(ODD_TEXT))
def test_any_names_and_paths_are_read(hosts: str, host: str, paths: list[str]) -> None:
    known = hosts_file(hosts)
    trouble_with(host, known, host)
    streams = (Stream(host, "main", host, udp=True, recorded=True),)
    places = tuple(SampleDirectory(path, used=True) for path in paths)
    database = Database(7, (account(name=host),), places, streams)
    found(database, hosts=known)
    found(database, hosts=known, source="systemd")

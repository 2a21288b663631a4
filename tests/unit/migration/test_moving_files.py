"""What a move keeps on disk: the host's files, its own journal, the database's copy."""

import errno
import fcntl
import os
import sqlite3
import subprocess
import time
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.errors import HostError
from nvrstack.host import journal
from nvrstack.host import move_lock as alone_module
from nvrstack.host.file_copies import keep, put_back, take_away, write_private
from nvrstack.host.moonfire import database_lock, database_upgrade
from nvrstack.host.moonfire.database_lock import copy_database, is_locked
from nvrstack.host.move_lock import alone, is_busy


def described(path: Path) -> tuple[object, ...]:
    status = path.lstat()
    content = path.readlink() if path.is_symlink() else path.read_bytes()
    return status.st_mode, status.st_mtime_ns, status.st_uid, status.st_gid, content


@given(st.binary(max_size=50), st.integers(0, 0o777), st.integers(0, 2_000_000_000))
def test_a_file_comes_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, mode: int, mtime: int
) -> None:
    folder = tmp_path_factory.mktemp("keeping")
    file, store = folder / "nvr", folder / "store"
    file.write_bytes(content)
    file.chmod(mode | 0o400)
    os.utime(file, (mtime, mtime))
    before = described(file)
    keep(file, store)
    assert not put_back(file, store)
    file.unlink()
    file.write_bytes(b"new")
    keep(file, store)
    assert put_back(file, store)
    assert described(file) == before
    assert [path.name for path in folder.iterdir() if path.name.startswith("nvr")] == ["nvr"]


def test_a_link_comes_back_as_a_link(tmp_path: Path) -> None:
    link, store = tmp_path / "enabled", tmp_path / "store"
    link.symlink_to("../available/nvr")
    before = described(link)
    take_away(link, store)
    assert not os.path.lexists(link)
    take_away(link, store)
    assert put_back(link, store)
    assert described(link) == before


def test_an_owner_comes_back_with_the_bits_that_a_change_of_owner_clears(tmp_path: Path) -> None:
    file = tmp_path / "nvr"
    file.write_bytes(b"old")
    ids = (4711, 4712) if os.getuid() == 0 else (os.getuid(), os.getgid())
    os.chown(file, *ids)
    file.chmod(0o4755)
    before = described(file)
    take_away(file, tmp_path / "store")
    put_back(file, tmp_path / "store")
    assert described(file) == before


def test_what_was_never_kept_is_left_alone(tmp_path: Path) -> None:
    assert not put_back(tmp_path / "absent", tmp_path / "store")
    assert not (tmp_path / "absent").exists()


def test_a_private_file_is_private_from_its_first_moment(tmp_path: Path) -> None:
    place = tmp_path / "own" / "move.json"
    write_private(place, "secret")
    write_private(place, "changed")
    assert place.read_text() == "changed"
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o077 == 0


@given(st.lists(st.text('abc{}"', max_size=20), min_size=1, max_size=5), st.integers(0, 200))
def test_a_torn_line_is_none_and_the_next_one_takes_its_place(
    tmp_path_factory: pytest.TempPathFactory, told: list[str], cut: int
) -> None:
    file = tmp_path_factory.mktemp("journal") / "journal"
    for line in told:
        journal.append(file, line)
    assert journal.lines(file) == tuple(told)
    whole = file.read_bytes()
    torn = whole[: min(cut, len(whole))]
    file.write_bytes(torn)
    left = journal.lines(file)
    assert left == tuple(told)[: len(left)]
    journal.append(file, "next")
    assert journal.lines(file) == (*left, "next")


def test_a_full_disk_takes_the_reserve_for_its_last_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "journal"
    journal.append(file, "first")
    journal.reserve(file)
    reserve = tmp_path / "journal.reserve"
    write = os.pwrite

    def full(descriptor: int, content: bytes, offset: int) -> int:
        if reserve.exists():
            # What is written of a line before the disk is full is taken back.
            write(descriptor, content[:3], offset)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, content, offset)

    monkeypatch.setattr(os, "pwrite", full)
    journal.append(file, "second")
    assert not reserve.exists()
    assert journal.lines(file) == ("first", "second")
    reserve.touch()
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    with pytest.raises(HostError, match="No space left"):
        journal.append(file, "third")
    assert journal.lines(file) == ("first", "second")


def test_two_moves_are_never_at_work_in_one_place(tmp_path: Path) -> None:
    assert not is_busy(tmp_path)
    with alone(tmp_path):
        assert is_busy(tmp_path)
        with pytest.raises(HostError, match="another nvrstack is moving there"), alone(tmp_path):
            pytest.fail("there were two")
    assert not is_busy(tmp_path)
    with alone(tmp_path):
        pass


def test_a_move_waits_for_the_programs_of_a_killed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alone(tmp_path) as lent:
        program = subprocess.Popen(["sleep", "1"], pass_fds=[lent])
        began = time.monotonic()
    with alone(tmp_path):
        assert time.monotonic() - began > 0.5
    assert program.wait(5) == 0
    monkeypatch.setattr(alone_module, "WAIT_SECONDS", 0.1)
    with alone(tmp_path) as lent:
        program = subprocess.Popen(["sleep", "2"], pass_fds=[lent])
    with pytest.raises(HostError, match="is still at work"), alone(tmp_path):
        pytest.fail("it did not wait")
    program.terminate()
    program.wait(5)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A directory with a database of one row."""
    folder = tmp_path / "db"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "db")) as connection, connection:
        connection.execute("create table camera (name text)")
        connection.execute("insert into camera values ('door')")
    return folder


def rows(copy: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(copy / "db")) as connection:
        found: list[tuple[str]] = connection.execute("select name from camera").fetchall()
    return found


@pytest.mark.parametrize("server", ["stopped", "quicker"])
def test_the_database_is_copied_whole_and_privately(
    database: Path, tmp_path: Path, server: str
) -> None:
    target = tmp_path / "copy"
    descriptor = os.open(database, os.O_RDONLY)
    if server == "quicker":
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert is_locked(database) == (server == "quicker")
    copy_database(database, target)
    os.close(descriptor)
    assert not is_locked(database)
    assert rows(target) == [("door",)]
    assert (target / "db").stat().st_mode & 0o077 == 0
    assert not (target / "partial").exists()


def test_a_refusal_of_sqlite_is_told_in_words(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def backup(self, _: sqlite3.Connection) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(database_lock, "database_copy", lambda *_: nullcontext(Full()))
    descriptor = os.open(database, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(HostError, match="copy: database or disk is full"):
        copy_database(database, tmp_path / "copy")
    os.close(descriptor)
    assert not (tmp_path / "copy/db").exists()


def test_what_stands_in_the_log_alone_is_copied_too(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database / "db")) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("insert into camera values ('garden')")
        connection.commit()
        assert (database / "db-wal").stat().st_size
        copy_database(database, tmp_path / "copy")
    assert rows(tmp_path / "copy") == [("door",), ("garden",)]


def test_a_copy_is_not_made_twice(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    copy_database(database, target)
    with closing(sqlite3.connect(database / "db")) as connection, connection:
        connection.execute("insert into camera values ('later')")
    copy_database(database, target)
    assert rows(target) == [("door",)]


def versioned(directory: Path, schema: int, rows: int = 0) -> None:
    """A database of that schema, with so many users."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "db").unlink(missing_ok=True)
    with closing(sqlite3.connect(directory / "db")) as connection, connection:
        connection.execute("create table version (id integer)")
        connection.execute("insert into version values (?)", (schema,))
        connection.execute("create table user (id integer)")
        connection.execute("create table stream (cum_recordings integer)")
        connection.executemany("insert into user values (?)", [(n,) for n in range(rows)])


def test_an_upgraded_database_goes_back_once_with_its_directories(tmp_path: Path) -> None:
    database, samples, store = tmp_path / "db", tmp_path / "samples", tmp_path / "store"
    samples.mkdir()
    (samples / "meta").write_text("opened once")
    versioned(database, 6, rows=3)
    database_upgrade.keep(database, [samples, tmp_path / "never opened"], store)
    # It was not upgraded, so that there is nothing to put back.
    (samples / "meta").write_text("opened twice")
    assert not database_upgrade.put_back(database, [samples], store)
    assert (samples / "meta").read_text() == "opened twice"

    versioned(database, 7)
    (database / "db-journal").write_bytes(b"of the other database")
    assert database_upgrade.put_back(database, [samples], store)
    assert database_upgrade.schema(database) == 6
    assert (samples / "meta").read_text() == "opened once"
    assert [path.name for path in database.iterdir()] == ["db"]

    # The old server has opened it since: another way back does not touch that.
    (samples / "meta").write_text("opened thrice")
    assert database_upgrade.put_back(database, [samples], store)
    assert (samples / "meta").read_text() == "opened thrice"


def test_a_way_back_that_was_cut_short_is_gone_to_its_end(tmp_path: Path) -> None:
    database, samples, store = tmp_path / "db", tmp_path / "samples", tmp_path / "store"
    samples.mkdir()
    (samples / "meta").write_text("opened once")
    versioned(database, 6)
    database_upgrade.keep(database, [samples], store)
    (samples / "meta").write_text("opened twice")
    # As after a kill between the database and the directories.
    (store / database_upgrade.STATE).write_text(database_upgrade.BEGUN)
    assert database_upgrade.put_back(database, [samples], store)
    assert (samples / "meta").read_text() == "opened once"


@dataclass(frozen=True)
class Upgraded:
    """A database that was upgraded, with 5 users by now, and put back, when it had 3."""

    database: Path
    samples: Path
    store: Path

    def users(self) -> int:
        with closing(sqlite3.connect(self.database / "db")) as connection:
            return int(connection.execute("select count(*) from user").fetchone()[0])

    def returned(self) -> bool:
        return database_upgrade.return_newer(self.database, [self.samples], self.store)

    def put_back(self) -> bool:
        return database_upgrade.put_back(self.database, [self.samples], self.store)


@pytest.fixture
def upgraded(tmp_path: Path) -> Upgraded:
    found = Upgraded(tmp_path / "db", tmp_path / "samples", tmp_path / "store")
    found.samples.mkdir()
    meta = found.samples / "meta"
    meta.write_text("opened once")
    versioned(found.database, 6, rows=3)
    database_upgrade.keep(found.database, [found.samples], found.store)
    meta.write_text("opened by the new one")
    versioned(found.database, 7, rows=5)
    assert not found.returned()
    assert found.put_back()
    assert (found.users(), meta.read_text()) == (3, "opened once")
    return found


def test_an_upgraded_database_returns_where_the_older_one_was_of_no_use(upgraded: Upgraded) -> None:
    assert upgraded.returned()
    assert (upgraded.users(), (upgraded.samples / "meta").read_text()) == (
        5,
        "opened by the new one",
    )
    assert database_upgrade.schema(upgraded.database) == 7
    assert not upgraded.returned()
    assert upgraded.put_back()
    assert upgraded.users() == 3


def test_what_was_recorded_into_the_older_one_is_not_lost_by_it(upgraded: Upgraded) -> None:
    with closing(sqlite3.connect(upgraded.database / "db")) as connection, connection:
        connection.execute("insert into stream values (1)")
    assert not upgraded.returned()
    assert upgraded.users() == 3


def test_a_return_that_was_cut_short_is_gone_to_its_end(upgraded: Upgraded) -> None:
    (upgraded.store / database_upgrade.STATE).write_text(database_upgrade.RETURNING)
    versioned(upgraded.database, 7, rows=5)
    assert upgraded.returned()
    assert (upgraded.samples / "meta").read_text() == "opened by the new one"


def test_a_return_that_was_cut_short_can_be_taken_back(upgraded: Upgraded) -> None:
    (upgraded.store / database_upgrade.STATE).write_text(database_upgrade.RETURNING)
    versioned(upgraded.database, 7, rows=1)
    assert upgraded.put_back()
    assert upgraded.users() == 3
    assert upgraded.returned()
    assert upgraded.users() == 5


def test_nothing_kept_is_nothing_to_put_back(tmp_path: Path) -> None:
    versioned(tmp_path / "db", 7)
    assert not database_upgrade.put_back(tmp_path / "db", [], tmp_path / "store")


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"rubbish" * 1000)
    with pytest.raises(HostError, match="not a database"):
        database_upgrade.schema(tmp_path)

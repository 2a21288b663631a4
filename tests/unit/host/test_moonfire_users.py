"""Moonfire's accounts, stopped and running, against the stand-in for its server."""

import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from nvrstack.errors import HostError, InputError
from nvrstack.host.moonfire.users import Encoding, Users, users
from nvrstack.services import passwords
from tests.bed.paths import TESTS

PROGRAM = [sys.executable, "-m", "tests.standins.moonfire"]
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(TESTS.parent),
    "TZ": "Europe/Berlin",
    "STANDIN_SCRYPT_LN": "4",
}
WAIT_SECONDS = 10
ALL = frozenset(passwords.PERMISSIONS)
ENCODING = Encoding(passwords.password_hash, passwords.permission_bytes, passwords.permissions_of)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory with a new database."""
    monkeypatch.setattr(passwords, "LOG2_N", 4)
    command = [*PROGRAM, "init", "--db-dir", str(tmp_path / "db")]
    subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True)
    return tmp_path


@contextmanager
def opened(state: Path) -> Iterator[Users]:
    with users(state, os.getuid(), os.getgid(), ENCODING) as found:
        yield found


@contextmanager
def running(state: Path) -> Iterator[int]:
    """The server, with a socket for accounts and a port to sign in at."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    config, log = state / "config.toml", state / "log"
    config.write_text(
        f'dbDir = "{state}/db"\n[[binds]]\nunix = "{state}/sock"\nownUidIsPrivileged = true\n'
        f'[[binds]]\nipv4 = "127.0.0.1:{port}"\n'
    )
    with log.open("wb") as stderr:
        command = [*PROGRAM, "run", "--config", str(config)]
        server = subprocess.Popen(command, env=ENVIRONMENT, stderr=stderr)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while "Ready to serve" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield port
    finally:
        server.terminate()
        server.wait(WAIT_SECONDS)


def signs_in(port: int, name: str, password: str) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)) as server:
        # As a browser does: Moonfire cannot read an escape here.
        body = json.dumps({"username": name, "password": password}, ensure_ascii=False).encode()
        server.request("POST", "/api/login", body, {"Content-Type": "application/json"})
        return server.getresponse().status == 204


def names(found: Users) -> dict[str, frozenset[str]]:
    return {user.name: user.permissions for user in found.all()}


def go_through_an_account(state: Path) -> None:
    """Everything that can be done with accounts."""
    with opened(state) as found:
        assert found.all() == []
        found.add("ünna", "pässwörd one", frozenset({"viewVideo"}))
        found.add("admin", "password two", ALL)
        assert names(found) == {"ünna": frozenset({"viewVideo"}), "admin": ALL}
        user = found.all()[0]
        assert (user.has_password, user.disabled) == (True, False)
        found.set_password(user, "password three")
        found.remove(found.all()[1])
        assert list(names(found)) == ["ünna"]


def test_while_the_server_is_stopped(state: Path) -> None:
    go_through_an_account(state)
    with running(state) as port:
        assert signs_in(port, "ünna", "password three")
        assert not signs_in(port, "ünna", "pässwörd one")


def test_while_the_server_runs(state: Path) -> None:
    with running(state) as port:
        go_through_an_account(state)
        assert signs_in(port, "ünna", "password three")
        assert not signs_in(port, "admin", "password two")
    with opened(state) as found:
        assert names(found) == {"ünna": frozenset({"viewVideo"})}


def test_the_same_accounts_are_seen_both_ways(state: Path) -> None:
    with opened(state) as found:
        found.add("a", "password one", frozenset({"viewVideo", "updateSignals"}))
        stopped = found.all()
    with running(state), opened(state) as found:
        assert found.all() == stopped


def test_no_server_can_start_while_the_database_is_written(state: Path) -> None:
    config = state / "config.toml"
    config.write_text(f'dbDir = "{state}/db"\nbinds = []\n')
    with opened(state) as found:
        command = [*PROGRAM, "run", "--config", str(config)]
        ended = subprocess.run(
            command, env=ENVIRONMENT, capture_output=True, timeout=WAIT_SECONDS, check=False
        )
        assert ended.returncode != 0
        found.add("a", "password one", ALL)


def test_a_removed_account_is_signed_out_everywhere(state: Path) -> None:
    with opened(state) as found:
        found.add("a", "password one", ALL)
    with running(state) as port:
        assert signs_in(port, "a", "password one")
    with closing(sqlite3.connect(state / "db" / "db")) as database:
        (sessions,) = database.execute("select count(*) from user_session").fetchone()
        assert sessions == 1
    with opened(state) as found:
        found.remove(found.all()[0])
    with closing(sqlite3.connect(state / "db" / "db")) as database:
        (sessions,) = database.execute("select count(*) from user_session").fetchone()
        assert sessions == 0


@pytest.mark.parametrize("password", ['with "quotes"', "with \\ backslash", "with\ttab"])
def test_what_a_running_server_cannot_read_is_refused(state: Path, password: str) -> None:
    with running(state), opened(state) as found:
        with pytest.raises(InputError, match="cannot take a name or password") as caught:
            found.add("a", password, ALL)
        assert "docker compose stop moonfire-nvr" in caught.value.hint
        assert found.all() == []


def test_without_a_database_the_command_for_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="no database there yet") as caught, opened(tmp_path):
        pass
    assert "docker compose run --rm moonfire-nvr init" in caught.value.hint


def test_without_a_state_directory_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="absent: No such file"), opened(tmp_path / "absent"):
        pass


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100], ids=["empty", "damaged"])
def test_a_damaged_database_is_an_error_and_no_traceback(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "db").write_bytes(content)
    with pytest.raises(HostError, match="db/db"), opened(tmp_path):
        pass


def test_another_schema_is_left_alone(state: Path) -> None:
    with closing(sqlite3.connect(state / "db" / "db")) as database:
        database.execute("update version set id = 6")
        database.commit()
    with pytest.raises(HostError, match="has schema 6; nvrstack knows schema 7"), opened(state):
        pass


def test_a_server_that_holds_its_database_but_does_not_answer_is_named(state: Path) -> None:
    with (
        opened(state),
        opened(state) as second,
        pytest.raises(HostError, match="does not answer") as caught,
    ):
        second.all()
    assert "still be starting" in caught.value.hint


def test_the_working_directory_is_as_before(state: Path) -> None:
    before = Path.cwd()
    with opened(state):
        assert Path.cwd() == state
    assert Path.cwd() == before

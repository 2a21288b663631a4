"""The stand-ins themselves: a test that trusts one must be able to.

Each test starts the real program as a process of its own, on loopback, with bounded waits.
"""

from __future__ import annotations

import base64
import fcntl
import http.client
import io
import json
import os
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.bed import standin
from tests.bed.paths import STANDINS, TESTS
from tests.moonfire.past import Past, add_past, known_bytes
from tests.moonfire.rows import Camera, add_camera, add_directory, opened
from tests.standins.moonfire.configuration import parse_config
from tests.standins.moonfire.meta import lock_directory
from tests.standins.moonfire.passwords import (
    hash_password,
    scrypt,
    unpadded_base64,
    verify_password,
)
from tests.standins.moonfire.permissions import PERMISSION_NAMES, Permissions
from tests.standins.moonfire.program import MoonfireError
from tests.standins.moonfire.running import time_zone_name

MOONFIRE = (sys.executable, "-m", "tests.standins.moonfire")
DYNDNS = STANDINS / "dyndns.py"
CAMERA = "00000000-0000-4000-8000-000000000001"
WAIT_SECONDS = 10.0
BASE_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(TESTS.parent),
    "TZ": "Europe/Berlin",
    "STANDIN_SCRYPT_LN": "6",
}


# ---- starting and asking --------------------------------------------------------------------


def eventually(what: str, condition: Callable[[], object]) -> None:
    """Wait until a condition holds, or fail after a bounded time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"timed out: {what}"
        time.sleep(0.02)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def moonfire(*args: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    return subprocess.run(
        [*MOONFIRE, *args],
        env={**BASE_ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )


@dataclass
class Server:
    """A running stand-in and where its log goes."""

    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(WAIT_SECONDS)


@contextmanager
def running(config: Path, *, ready: str = "Ready to serve", **environment: str) -> Iterator[Server]:
    """Run the server until the block ends; waits for a line in its log first."""
    log = config.with_suffix(".log")
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [*MOONFIRE, "run", "--config", config],
            env={**BASE_ENVIRONMENT, **environment},
            stderr=stderr,
        )
    try:
        eventually(ready, lambda: ready in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield Server(process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(WAIT_SECONDS)


def write_config(directory: Path, binds: str = "binds = []") -> Path:
    """Initialize a database and write a configuration that uses it."""
    assert moonfire("init", "--db-dir", directory / "db").returncode == 0
    config = directory / "moonfire-nvr.toml"
    config.write_text(f'dbDir = "{directory}/db"\n{binds}\n')
    return config


@contextmanager
def database(directory: Path) -> Iterator[sqlite3.Connection]:
    """Open the database of a stopped server."""
    path = directory / "db" / "db"
    with closing(sqlite3.connect(path, timeout=0.1, isolation_level=None)) as conn:
        yield conn


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def line(self, key: str) -> str:
        """Return one value of /api/request."""
        lines = [line for line in self.body.decode().splitlines() if line.startswith(f"{key}: ")]
        assert len(lines) == 1
        return lines[0].removeprefix(f"{key}: ")


Address = int | Path


def dial(address: Address) -> socket.socket:
    if isinstance(address, int):
        return socket.create_connection(("127.0.0.1", address), timeout=WAIT_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(WAIT_SECONDS)
    connection.connect(str(address))
    return connection


def ask(address: Address, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """Make one request; a body that is no bytes is sent as JSON with its content type."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False).encode()
        sent = {"Content-Type": "application/json", **sent}
    with closing(http.client.HTTPConnection("nvr.example.test")) as connection:
        connection.sock = dial(address)
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


@dataclass
class Nvr:
    """A running server with one bind of each sort, and two users."""

    trusted: int
    plain: int
    empty: int
    admin: Path
    unix: Path

    def login(self, username: str, password: str) -> str:
        answer = ask(self.plain, "POST", "/api/login", {"username": username, "password": password})
        assert answer.status == 204
        return answer.headers["Set-Cookie"].partition(";")[0]

    def csrf(self, cookie: str) -> str:
        token: str = ask(self.plain, "GET", "/api/", Cookie=cookie).json()["user"]["session"][
            "csrf"
        ]
        return token


@pytest.fixture(scope="module")
def nvr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nvr]:
    directory = tmp_path_factory.mktemp("nvr")
    found = Nvr(
        free_port(), free_port(), free_port(), directory / "admin.sock", directory / "unix.sock"
    )
    binds = f"""
        [[binds]]
        ipv4 = "127.0.0.1:{found.trusted}"
        trustForwardHeaders = true
        [[binds]]
        ipv4 = "127.0.0.1:{found.plain}"
        [[binds]]
        ipv4 = "127.0.0.1:{found.empty}"
        allowUnauthenticatedPermissions = {{}}
        [[binds]]
        unix = "{found.admin}"
        ownUidIsPrivileged = true
        [[binds]]
        unix = "{found.unix}"
        trustForwardHeaders = true
    """
    config = write_config(directory, binds)
    add_camera_of(directory, directory / "samples", "main", "sub", seconds=10)
    with running(config):
        for name, permissions in (("boss", {"viewVideo": True, "adminUsers": True}), ("guest", {})):
            user = {"username": name, "password": f"{name} pass", "permissions": permissions}
            assert ask(found.admin, "POST", "/api/users/", {"user": user}).status == 200
        yield found


# ---- command line, init ---------------------------------------------------------------------


def test_the_image_gets_one_file_that_runs_by_itself(tmp_path: Path) -> None:
    program, again = tmp_path / "program", tmp_path / "again"
    for target in (program, again):
        standin.write_program(target)
    assert program.read_bytes() == again.read_bytes(), "the engine's cache is to know it again"
    assert program.read_bytes().startswith(b"#!/usr/bin/python3 -u\n")
    assert os.access(program, os.X_OK)
    # Isolated: nothing of this repository is in its way.
    command = [sys.executable, "-I", str(program), "init", "--db-dir", str(tmp_path / "db")]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Moonfire NVR stand-in for nvrstack's tests" in done.stderr
    assert (tmp_path / "db/db").is_file()


@pytest.mark.parametrize(
    ("played", "line"),
    [("v0.7.30", "Version: v0.7.30\n\n"), ("v0.7.5", "moonfire-nvr 0.7.5\n")],
)
def test_version_has_the_form_of_its_time(played: str, line: str) -> None:
    result = moonfire("--version", STANDIN_VERSION=played)
    assert (result.returncode, result.stdout) == (0, line)


def test_help_and_log_say_that_it_is_a_stand_in(tmp_path: Path) -> None:
    for args in ([], ["--help"], ["run", "--help"]):
        result = moonfire(*args)
        assert result.returncode == 0
        assert "usage:" in result.stdout
        assert "stand-in for nvrstack's tests" in " ".join(result.stdout.split())
    assert "stand-in for nvrstack's tests" in moonfire("init", "--db-dir", tmp_path / "db").stderr


@pytest.mark.parametrize(
    "args", [["restart"], ["run", "--trust-forward-hdrs"], ["run", "--db-dir=x"]]
)
def test_usage_errors_exit_with_1(args: list[str]) -> None:
    assert moonfire(*args).returncode == 1


def test_init_creates_the_documented_database_once(tmp_path: Path) -> None:
    write_config(tmp_path)
    assert (tmp_path / "db").stat().st_mode & 0o777 == 0o700
    with database(tmp_path) as conn:
        assert conn.execute("pragma journal_mode").fetchone() == ("wal",)
        assert conn.execute("pragma page_size").fetchone() == (16384,)
        assert conn.execute("select max(id) from version").fetchone() == (7,)
        before = conn.execute("select uuid from meta").fetchall()
    again = moonfire("init", "--db-dir", tmp_path / "db")
    assert again.returncode == 0
    assert "already initialized" in again.stderr
    with database(tmp_path) as conn:
        assert conn.execute("select uuid from meta").fetchall() == before


def test_init_needs_the_parent_directory(tmp_path: Path) -> None:
    result = moonfire("init", "--db-dir", tmp_path / "missing" / "db")
    assert result.returncode == 1
    assert "unable to create db dir" in result.stderr


# ---- configuration --------------------------------------------------------------------------

GOOD_BIND = '[[binds]]\nipv4 = "127.0.0.1:8080"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing field `binds`"),
        ("binds = [", "Invalid value"),
        ("binds = []\nnonsense = 1", "unknown field `nonsense`"),
        ('binds = []\ndb_dir = "/x"', "unknown field `db_dir`"),
        (GOOD_BIND + 'dbDir = "/x"', "unknown field `dbDir`"),
        (GOOD_BIND + "trust_forward_headers = true", "unknown field `trust_forward_headers`"),
        (GOOD_BIND + 'trustForwardHeaders = "yes"', "expected a boolean"),
        (GOOD_BIND + 'unix = "/x"', "unknown field `unix`"),
        ("[[binds]]\ntrustForwardHeaders = true", "no variant of enum AddressConfig"),
        ('[[binds]]\nipv4 = "localhost:8080"', "invalid IPv4 socket address"),
        ('[[binds]]\nipv6 = "::1:8080"', "invalid IPv6 socket address"),
        (
            GOOD_BIND + "allowUnauthenticatedPermissions = { view_video = true }",
            "unknown field `view_video`",
        ),
    ],
)
def test_a_bad_configuration_is_refused(text: str, message: str) -> None:
    with pytest.raises((MoonfireError, ValueError), match=message):
        parse_config(text)


def test_a_good_configuration_is_read() -> None:
    config = parse_config(
        'dbDir = "/db"\nuiDir = { bundled = true }\nworkerThreads = 2\n'
        '[[binds]]\nipv6 = "[::1]:8080"\nallowUnauthenticatedPermissions = { viewVideo = true }\n'
    )
    assert config.db_dir == Path("/db")
    assert config.binds[0].allow_unauthenticated == Permissions(view_video=True)
    assert config.binds[0].socket_address() == ("::1", 8080)


def test_an_unreadable_configuration_ends_the_server(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# \xe9\nbinds = []\n")
    for path in (tmp_path / "missing.toml", tmp_path, latin):
        result = moonfire("run", "-c", path)
        assert result.returncode == 1
        assert f"unable to load config file {path}" in result.stderr


def test_old_versions_want_snake_case(tmp_path: Path) -> None:
    config = tmp_path / "moonfire-nvr.toml"
    bind = '[[binds]]\nipv4 = "127.0.0.1:1"\n{} = true\n'
    config.write_text(f'db_dir = "{tmp_path}/none"\n' + bind.format("trust_forward_headers"))
    old = moonfire("run", "-c", config, STANDIN_VERSION="v0.7.5")
    assert "try running moonfire-nvr init" in old.stderr, "the configuration itself was accepted"
    config.write_text(f'db_dir = "{tmp_path}/none"\n' + bind.format("trustForwardHeaders"))
    assert "unknown field" in moonfire("run", "-c", config, STANDIN_VERSION="v0.7.5").stderr


def test_a_stale_ui_directory_leaves_no_static_file(tmp_path: Path) -> None:
    port = free_port()
    config = write_config(
        tmp_path, f'uiDir = "{tmp_path}/gone"\n[[binds]]\nipv4 = "127.0.0.1:{port}"'
    )
    with running(config) as server:
        assert "unable to load ui dir" in server.log.read_text()
        assert ask(port, "GET", "/").status == 404
        assert ask(port, "GET", "/api/request").status == 200


# ---- time zone, temporary directory, locks, sample directories ------------------------------


@pytest.mark.parametrize("zone", ["Nowhere/Land", "EST5EDT,M3.2.0,M11.1.0"])
def test_a_zone_that_cannot_be_loaded_ends_the_server_late(tmp_path: Path, zone: str) -> None:
    result = moonfire("run", "-c", write_config(tmp_path), TZ=zone)
    assert result.returncode == 1
    assert "unable to get IANA time zone name" in result.stderr
    with database(tmp_path) as conn:
        assert conn.execute("select count(*) from open").fetchone() == (1,)


@pytest.mark.parametrize("zone", ["", "UTC", ":Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin"])
def test_zones_may_be_written_in_several_ways(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    assert time_zone_name() == ("Europe/Berlin" if "Berlin" in zone else "UTC")


def test_flushing_needs_a_directory_for_temporary_files(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with running(config, ready="6410", STANDIN_TMP_DIRS=str(tmp_path / "none")):
        pass
    with running(config, STANDIN_TMP_DIRS=str(tmp_path)) as server:
        assert server.stop() == 0
        assert "6410" not in server.log.read_text()


def test_one_server_holds_the_database_alone(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with running(config) as server:
        for result in (
            moonfire("run", "-c", config),
            moonfire("check", "--db-dir", tmp_path / "db"),
        ):
            assert result.returncode == 1
            assert "unable to get exclusive lock on db dir" in result.stderr
        fd = os.open(tmp_path / "db", os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.close(fd)
        with pytest.raises(sqlite3.OperationalError, match="locked"), database(tmp_path) as conn:
            conn.execute("select * from user")
        assert server.stop() == 0
    assert [path.name for path in (tmp_path / "db").iterdir()] == ["db"], "the WAL was written back"
    assert moonfire("check", "--db-dir", tmp_path / "db").returncode == 0


def test_other_schema_versions_are_refused(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with database(tmp_path) as conn:
        conn.execute("update version set id = 6")
    result = moonfire("run", "-c", config)
    assert result.returncode == 1
    assert "schema version 6 is too old" in result.stderr


def add_camera_of(directory: Path, samples: Path, *kinds: str, seconds: int = 0) -> None:
    """Put a camera into the database of a stopped server, and a past of 100 kB a second."""
    camera = Camera("door", {kind: f"rtsp://192.0.2.1/{kind}" for kind in kinds}, records=False)
    with opened(directory / "db/db") as conn:
        number = add_directory(conn, str(samples))
        add_camera(conn, replace(camera, username="admin", password="secret"), number)
        if seconds:
            samples.mkdir()
            add_past(conn, 1, samples, [Past(1_700_000_000, seconds, 100_000)])


def test_sample_directories_belong_to_the_live_database(tmp_path: Path) -> None:
    config, samples = write_config(tmp_path), tmp_path / "samples"
    add_camera_of(tmp_path, samples, "sub")
    with running(config) as server:
        assert (samples / "meta").stat().st_size == 512
        assert samples.stat().st_mode & 0o777 == 0o700
        assert server.stop() == 0
    old = (tmp_path / "db" / "db").read_bytes()
    with running(config) as server:
        fd = os.open(samples, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.close(fd)
        assert server.stop() == 0
    live = (tmp_path / "db" / "db").read_bytes()

    (tmp_path / "db" / "db").write_bytes(old)
    assert_refuses(config, "not at expected last open")
    (tmp_path / "db" / "db").write_bytes(live)
    meta = (samples / "meta").read_bytes()
    (samples / "meta").unlink()
    assert_refuses(config, "db uuid mismatch")
    (samples / "meta").write_bytes(meta)
    samples.rename(tmp_path / "elsewhere")
    assert_refuses(config, f"Failed to open dir {samples}")
    (tmp_path / "elsewhere").rename(samples)
    fd = lock_directory(samples, shared=False)
    assert_refuses(config, f"unable to lock dir {samples}")
    os.close(fd)


def assert_refuses(config: Path, message: str) -> None:
    result = moonfire("run", "-c", config)
    assert result.returncode == 1
    assert message in result.stderr


# ---- start, stop, recording, camera ---------------------------------------------------------


def test_a_slow_start_binds_late_and_a_second_signal_is_immediate(tmp_path: Path) -> None:
    port = free_port()
    config = write_config(tmp_path, f'[[binds]]\nipv4 = "127.0.0.1:{port}"')
    with running(
        config,
        ready="Directories are opened",
        STANDIN_START_SECONDS="0.7",
        STANDIN_STOP_SECONDS="30",
    ) as server:
        with pytest.raises(ConnectionRefusedError):
            dial(port)
        eventually("ready", lambda: "Ready to serve" in server.log.read_text())
        assert ask(port, "GET", "/api/request").status == 200
        server.process.send_signal(signal.SIGTERM)
        eventually("graceful stop", lambda: "TEARDOWN" in server.log.read_text())
        assert server.process.poll() is None
        assert server.stop(signal.SIGINT) == 1


def test_a_stale_socket_is_replaced_and_has_the_documented_mode(tmp_path: Path) -> None:
    path = tmp_path / "nvr.sock"
    with closing(socket.socket(socket.AF_UNIX)) as stale:
        stale.bind(str(path))
    previous = os.umask(0o022)
    try:
        with running(write_config(tmp_path, f'[[binds]]\nunix = "{path}"')):
            assert path.stat().st_mode & 0o777 == 0o755
            assert ask(path, "GET", "/api/request").status == 200
    finally:
        os.umask(previous)


# ---- HTTP -----------------------------------------------------------------------------------


def test_request_page_has_the_documented_lines(nvr: Nvr) -> None:
    answer = ask(nvr.plain, "GET", "/api/request", User_Agent='a "b"')
    assert answer.headers["Content-Type"] == "text/plain"
    keys = [line.partition(":")[0] for line in answer.body.decode().splitlines()]
    assert keys == ["when", "host", "addr", "user_agent", "secure", "caller"]
    assert answer.body.endswith(b"\n")
    assert answer.line("when").startswith("Some(Display {")
    assert answer.line("host") == 'Some("nvr.example.test")'
    assert answer.line("user_agent") == 'Some("a \\"b\\"")'
    assert answer.line("caller").startswith("Caller {")


@pytest.mark.parametrize(
    ("bind", "headers", "address", "secure"),
    [
        (
            "trusted",
            {"X_Real_IP": "203.0.113.7", "X_Forwarded_Proto": "https"},
            "203.0.113.7",
            True,
        ),
        (
            "trusted",
            {"X_Real_IP": "2001:db8::1", "X_Forwarded_Proto": "HTTPS"},
            "2001:db8::1",
            False,
        ),
        ("trusted", {"X_Real_IP": "203.0.113.7:5", "X_Forwarded_Proto": "http"}, None, False),
        ("trusted", {"X_Real_IP": "[2001:db8::1]"}, None, False),
        ("trusted", {"X_Real_IP": "fe80::1%eth0"}, None, False),
        ("trusted", {"X_Real_IP": "203.0.113.7, 203.0.113.8"}, None, False),
        ("trusted", {"X_Forwarded_For": "203.0.113.7"}, None, False),
        ("plain", {"X_Real_IP": "203.0.113.7", "X_Forwarded_Proto": "https"}, "127.0.0.1", False),
        ("unix", {"X_Real_IP": "203.0.113.7", "X_Forwarded_Proto": "https"}, "203.0.113.7", True),
        ("admin", {"X_Real_IP": "203.0.113.7"}, None, False),
    ],
)
def test_forwarded_headers_count_only_where_trusted(
    nvr: Nvr, bind: str, headers: dict[str, str], address: str | None, secure: bool
) -> None:
    answer = ask(getattr(nvr, bind), "GET", "/api/request", **headers)
    assert answer.line("addr") == ("None" if address is None else f"Some({address})")
    assert answer.line("secure") == str(secure).lower()


def test_connections_are_kept_alive(nvr: Nvr) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", nvr.plain)) as connection:
        connection.connect()
        local = connection.sock.getsockname()
        for path, status in (("/api/request", 200), ("/api/", 401), ("/api/nonsense", 404)):
            connection.request("POST" if status == 404 else "GET", path, b"x" * 10)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            assert connection.sock.getsockname() == local


def test_static_paths_need_nobody(nvr: Nvr) -> None:
    page = ask(nvr.plain, "GET", "/")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html")
    assert b'id="login"' in page.body
    script = page.body.decode().partition('src="')[2].partition('"')[0]
    assert "immutable" in ask(nvr.plain, "GET", script).headers["Cache-Control"]
    for path in ("/index.html", "/api/unknown", "/api/users", "/api/cameras/junk/"):
        assert ask(nvr.plain, "GET", path).status == 404


def test_gzip_is_used_when_asked_for(nvr: Nvr) -> None:
    assert (
        ask(nvr.empty, "GET", "/api/", Accept_Encoding="gzip").headers["Content-Encoding"] == "gzip"
    )


def test_even_empty_anonymous_permissions_open_the_top_level(nvr: Nvr) -> None:
    refused = ask(nvr.plain, "GET", "/api/")
    assert (refused.status, refused.headers["Content-Type"]) == (401, "text/plain")
    top = ask(nvr.empty, "GET", "/api/")
    assert top.status == 200
    assert top.json()["permissions"] == dict.fromkeys(PERMISSION_NAMES, False)
    assert top.json()["timeZoneName"] == "Europe/Berlin"
    assert ask(nvr.empty, "GET", "/api/?cameraConfigs=true").status == 403
    assert ask(nvr.empty, "GET", f"/api/cameras/{CAMERA}/main/view.mp4").status == 403
    assert ask(nvr.empty, "GET", "/api/users/").status == 401


def test_login_and_logout(nvr: Nvr) -> None:
    right = {"username": "boss", "password": "boss pass"}
    https = {"X_Forwarded_Proto": "https"}
    secure = ask(nvr.trusted, "POST", "/api/login", right, **https).headers["Set-Cookie"]
    assert "; HttpOnly; Secure; SameSite=Lax; Max-Age=2147483648; Path=/" in secure
    plain = ask(nvr.trusted, "POST", "/api/login", right).headers["Set-Cookie"]
    assert "Secure" not in plain
    for wrong in ({**right, "password": "x"}, {**right, "username": "nobody"}):
        assert ask(nvr.plain, "POST", "/api/login", wrong).status == 401
    assert ask(nvr.plain, "POST", "/api/login", right, Content_Type="text/json").status == 400
    assert ask(nvr.plain, "GET", "/api/login").status == 405

    cookie = secure.partition(";")[0]
    assert len(cookie) == len("s=") + 64
    top = ask(nvr.plain, "GET", "/api/", Cookie=f"other=1; {cookie}")
    assert top.json()["user"]["name"] == "boss"
    csrf = nvr.csrf(cookie)
    assert csrf in ask(nvr.plain, "GET", "/api/request", Cookie=cookie).line("caller")
    assert ask(nvr.plain, "POST", "/api/logout", {"csrf": "x"}, Cookie=cookie).status == 400
    assert ask(nvr.plain, "POST", "/api/logout", {"csrf": csrf}, Cookie=cookie).status == 204
    assert ask(nvr.plain, "GET", "/api/", Cookie=cookie).status == 401


def test_escapes_are_refused_where_the_server_borrows_strings(nvr: Nvr) -> None:
    for text in (rb"qu\"ote", rb"caf\u00e9"):
        user = b'{"user":{"username":"esc","password":"%s"}}' % text
        assert (
            ask(nvr.admin, "POST", "/api/users/", user, Content_Type="application/json").status
            == 400
        )
    user_ = {"username": "esc", "password": "café"}
    made = ask(nvr.admin, "POST", "/api/users/", {"user": user_})
    assert made.status == 200
    body = rb'{"username":"esc","password":"caf\u00e9"}'
    login = ask(nvr.plain, "POST", "/api/login", body, Content_Type="application/json")
    assert login.status == 204, "the password of a login is owned, not borrowed"
    assert ask(nvr.admin, "DELETE", f"/api/users/{made.json()['id']}", {}).status == 204


def test_users_are_made_changed_and_deleted(nvr: Nvr) -> None:
    made = ask(nvr.admin, "POST", "/api/users/", {"user": {"username": "tmp", "password": None}})
    assert made.status == 200
    path = f"/api/users/{made.json()['id']}"
    listed = {
        u["user"]["username"]: u["user"]
        for u in ask(nvr.admin, "GET", "/api/users/").json()["users"]
    }
    assert listed["tmp"]["password"] is None
    assert listed["boss"]["password"] == "(censored)"
    assert listed["boss"]["permissions"]["adminUsers"] is True
    for body, status in (
        ({"update": {"password": "new"}, "precondition": {"username": "other"}}, 412),
        ({"update": {"password": "new"}, "precondition": {"password": None}}, 204),
        ({"update": {"permissions": {"viewVideo": True}}}, 204),
        ({"update": {"nonsense": 1}}, 400),
    ):
        assert ask(nvr.admin, "PATCH", path, body).status == status
    cookie = nvr.login("tmp", "new")
    assert ask(nvr.plain, "GET", "/api/", Cookie=cookie).json()["permissions"]["viewVideo"] is True
    assert ask(nvr.admin, "PATCH", path, {"update": {"disabled": True}}).status == 204
    assert ask(nvr.plain, "GET", "/api/", Cookie=cookie).status == 401
    assert ask(nvr.admin, "DELETE", path, {}).status == 204
    assert ask(nvr.admin, "DELETE", path, {}).status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"user": {"username": "boss"}}, 500),
        ({"user": {"username": "x", "disabled": False}}, 500),
        ({"user": {"username": "x", "admin": True}}, 400),
        ({"user": {"username": "x", "permissions": {"admin_users": True}}}, 400),
        ({"user": {"password": "x"}}, 400),
        ({}, 400),
        (b"no json", 400),
    ],
)
def test_bad_new_users_are_refused(nvr: Nvr, body: Any, status: int) -> None:
    assert (
        ask(nvr.admin, "POST", "/api/users/", body, Content_Type="application/json").status
        == status
    )


def test_the_users_api_wants_an_administrator(nvr: Nvr) -> None:
    user = {"user": {"username": "x"}}
    assert ask(nvr.unix, "POST", "/api/users/", user).status == 401, (
        "bind without ownUidIsPrivileged"
    )
    assert ask(nvr.plain, "POST", "/api/users/", user).status == 401
    guest, boss = nvr.login("guest", "guest pass"), nvr.login("boss", "boss pass")
    assert ask(nvr.plain, "GET", "/api/users/", Cookie=guest).status == 401
    assert ask(nvr.plain, "GET", "/api/users/", Cookie=boss).status == 200
    assert ask(nvr.plain, "POST", "/api/users/", user, Cookie=boss).status == 401, "csrf is missing"
    csrf = nvr.csrf(boss)
    made = ask(nvr.plain, "POST", "/api/users/", {**user, "csrf": csrf}, Cookie=boss)
    assert made.status == 200
    ask(nvr.admin, "DELETE", f"/api/users/{made.json()['id']}", {})


def test_an_own_password_needs_the_old_one(nvr: Nvr) -> None:
    cookie = nvr.login("guest", "guest pass")
    csrf, update = nvr.csrf(cookie), {"password": "guest pass"}
    for body, status in (
        ({"update": update}, 401),
        ({"update": update, "precondition": {"password": "wrong"}}, 412),
        ({"update": update, "precondition": {"password": "guest pass"}}, 204),
        ({"update": {"disabled": False}}, 401),
    ):
        answer = ask(nvr.plain, "PATCH", "/api/users/2", {**body, "csrf": csrf}, Cookie=cookie)
        assert answer.status == status


def phc(password: str, salt: bytes, cost: tuple[int, int, int]) -> str:
    """Build a PHC string by hand."""
    digest = scrypt(password, salt, cost, 32)
    parts = "$".join(unpadded_base64(part) for part in (salt, digest))
    return f"$scrypt$ln={cost[0]},r={cost[1]},p={cost[2]}${parts}"


def test_hashes_are_phc_strings_with_any_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_SCRYPT_LN", "5")
    stored = hash_password("p")
    assert stored.startswith("$scrypt$ln=5,r=8,p=1$")
    for text in (stored, phc("p", b"salt", (4, 2, 3))):
        assert verify_password("p", text)
        assert not verify_password("q", text)
    with pytest.raises(MoonfireError, match="bad stored password hash"):
        verify_password("p", "$" + stored)


def test_a_user_made_by_sql_can_log_in(tmp_path: Path) -> None:
    port = free_port()
    config = write_config(tmp_path, f'[[binds]]\nipv4 = "127.0.0.1:{port}"')
    stored = phc("secret", b"0123456789abcdef", (17, 8, 1))
    with database(tmp_path) as conn:
        conn.execute(
            "insert into user (username, config, password_hash, permissions) "
            "values ('sql', '{}', ?, X'0801100118012001')",
            (stored,),
        )
    with running(config) as server:
        body = {"username": "sql", "password": "wrong"}
        assert ask(port, "POST", "/api/login", body).status == 401
        answer = ask(port, "POST", "/api/login", {**body, "password": "secret"})
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        assert all(ask(port, "GET", "/api/", Cookie=cookie).json()["permissions"].values())
        assert server.stop() == 0
        assert stored in server.log.read_text(), "a failed login puts the hash into the log"
    with running(config):
        assert ask(port, "GET", "/api/", Cookie=cookie).status == 200, "sessions survive restarts"


# ---- video ----------------------------------------------------------------------------------

VIEW = f"/api/cameras/{CAMERA}/main/view.mp4?s=0"


def test_view_is_a_file_with_the_bytes_of_its_recordings(nvr: Nvr) -> None:
    cookie = nvr.login("boss", "boss pass")
    whole = ask(nvr.plain, "GET", VIEW, Cookie=cookie)
    assert whole.status == 200
    assert whole.body.endswith(known_bytes(0, 1_000_000))
    assert len(whole.body) == int(whole.headers["Content-Length"])
    assert "-door-main.mp4" in whole.headers["Content-Disposition"]
    assert whole.headers["Cache-Control"] == "private, max-age=3600"
    head = ask(nvr.plain, "HEAD", VIEW, Cookie=cookie)
    assert (head.headers["Content-Length"], head.body) == (str(len(whole.body)), b"")
    twice = ask(nvr.plain, "GET", f"{VIEW}&s=0", Cookie=cookie).body
    assert twice.endswith(known_bytes(0, 1_000_000) * 2)
    assert ask(nvr.plain, "GET", VIEW).status == 401


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("?s=-1", 400), ("?s=1", 404), ("?s=0-1", 404), ("?s=0@9", 404), ("?x=1", 400)],
)
def test_what_is_not_recorded_cannot_be_viewed(nvr: Nvr, query: str, status: int) -> None:
    cookie = nvr.login("boss", "boss pass")
    place = VIEW.partition("?")[0]
    assert ask(nvr.plain, "GET", f"{place}{query}", Cookie=cookie).status == status
    other = place.replace(CAMERA, "00000000-0000-4000-8000-00000000000f")
    assert ask(nvr.plain, "GET", f"{other}?s=0", Cookie=cookie).status == 404


def test_recordings_are_listed_with_the_fields_of_the_real_server(nvr: Nvr) -> None:
    place, unit = f"/api/cameras/{CAMERA}/main/recordings", 90_000
    start = 1_700_000_000 * unit
    told = ask(nvr.empty, "GET", place).json()
    assert told["recordings"] == [
        {
            "startTime90k": start,
            "endTime90k": start + 10 * unit,
            "sampleFileBytes": 1_000_000,
            "videoSamples": 10,
            "videoSampleEntryId": 1,
            "startId": 0,
            "openId": 1,
            "runStartId": 0,
        }
    ]
    assert told["videoSampleEntries"]["1"]["width"] == 640
    later = ask(nvr.empty, "GET", f"{place}?startTime90k={start + 10 * unit}").json()
    earlier = ask(nvr.empty, "GET", f"{place}?endTime90k={start}").json()
    assert later["recordings"] == earlier["recordings"] == []
    assert ask(nvr.empty, "GET", f"{place}?endTime90k=x").status == 400
    assert ask(nvr.empty, "GET", place.replace("main", "ext")).status == 404


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=65530-131080", 65530, 131081),
        ("bytes=999990-", 999990, None),
        ("bytes=-7", -7, None),
        ("bytes=999999-5000000", 999999, None),
    ],
)
def test_ranges(nvr: Nvr, header: str, start: int, end: int | None) -> None:
    cookie = nvr.login("boss", "boss pass")
    whole = ask(nvr.plain, "GET", VIEW, Cookie=cookie).body
    part = ask(nvr.plain, "GET", VIEW, Cookie=cookie, Range=header)
    assert part.status == 206
    first, last = range(len(whole))[start], (end or len(whole)) - 1
    assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"
    assert part.body == whole[start:end]


def test_validators_and_unsatisfiable_ranges(nvr: Nvr) -> None:
    cookie = nvr.login("boss", "boss pass")
    headers = ask(nvr.plain, "HEAD", VIEW, Cookie=cookie).headers
    part = ask(nvr.plain, "GET", VIEW, Cookie=cookie, Range="bytes=0-9", If_Range=headers["ETag"])
    assert (part.status, len(part.body)) == (206, 10)
    dated = {"Range": "bytes=0-9", "If_Range": headers["Last-Modified"]}
    assert ask(nvr.plain, "GET", VIEW, Cookie=cookie, **dated).status == 200, "a date is too coarse"
    other = ask(nvr.plain, "GET", VIEW, Cookie=cookie, Range="bytes=0-9", If_Range='"other"')
    length = int(headers["Content-Length"])
    assert (other.status, len(other.body)) == (200, length)
    beyond = ask(nvr.plain, "GET", VIEW, Cookie=cookie, Range=f"bytes={length}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{length}")
    same = ask(nvr.plain, "GET", VIEW, Cookie=cookie, If_None_Match=headers["ETag"])
    assert same.status == 304
    several = ask(nvr.plain, "GET", VIEW, Cookie=cookie, Range="bytes=0-1,5-9")
    assert several.status == 206
    assert len(several.body) == int(several.headers["Content-Length"])
    assert b"Content-Range: bytes 5-9/%d" % length in several.body


# ---- WebSocket ------------------------------------------------------------------------------

LIVE = f"/api/cameras/{CAMERA}/sub/live.m4s"
UPGRADE = {
    "Host": "nvr.example.test",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@contextmanager
def websocket(address: Address, **headers: str) -> Iterator[tuple[Answer, socket.socket]]:
    """Send a handshake; yields the answer and the connection behind it."""
    sent = {**UPGRADE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"GET {LIVE} HTTP/1.1", *(f"{n}: {v}" for n, v in sent.items() if v), "", ""]
    with closing(dial(address)) as connection:
        connection.sendall("\r\n".join(lines).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += read_exactly(connection, 1)
        status, _, rest = head.partition(b"\r\n")
        headers_ = http.client.parse_headers(io.BytesIO(rest))
        yield Answer(int(status.split()[1]), headers_, b""), connection


def read_exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        assert piece, "the connection ended early"
        data += piece
    return data


def read_frame(connection: socket.socket) -> tuple[int, bytes]:
    first, length = read_exactly(connection, 2)
    assert first & 0x80
    assert length < 128, "servers do not mask"
    if length == 126:
        (length,) = struct.unpack(">H", read_exactly(connection, 2))
    elif length == 127:
        (length,) = struct.unpack(">Q", read_exactly(connection, 8))
    return first & 0x0F, read_exactly(connection, length)


def send_frame(connection: socket.socket, opcode: int, payload: bytes) -> None:
    mask = b"\x01\x02\x03\x04"
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    connection.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked)


def test_without_rights_the_upgrade_succeeds_and_an_error_follows(nvr: Nvr) -> None:
    for bind in (nvr.plain, nvr.empty):
        with websocket(bind, Origin="https://nvr.example.test:8443") as (answer, connection):
            assert answer.status == 101
            opcode, payload = read_frame(connection)
            assert opcode == 1
            assert json.loads(payload).keys() == {"type", "message"}
            assert json.loads(payload)["type"] == "error"
            assert read_frame(connection)[0] == 8


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upgrade": ""}, 400),
        ({"Connection": "close"}, 400),
        ({"Sec_WebSocket_Version": "8"}, 400),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 400),
        ({"Host": "[::1]:443", "Origin": "https://[::1]:443"}, 403),
        ({"Host": "nvr.example.test:8443", "Origin": "https://nvr.example.test:8443"}, 101),
    ],
)
def test_handshakes_are_checked(nvr: Nvr, headers: dict[str, str], status: int) -> None:
    with websocket(nvr.plain, **headers) as (answer, _):
        assert answer.status == status


def test_many_downloads_run_at_once(nvr: Nvr) -> None:
    cookie = nvr.login("boss", "boss pass")
    bodies: list[bytes] = []

    def download() -> None:
        bodies.append(ask(nvr.plain, "GET", VIEW, Cookie=cookie).body)

    threads = [threading.Thread(target=download) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert len(bodies) == 6
    assert len({hash(body) for body in bodies}) == 1


def test_cameras_of_the_database_are_listed_and_others_refused(tmp_path: Path) -> None:
    port = free_port()
    permissions = "{ viewVideo = true, readCameraConfigs = true }"
    config = write_config(
        tmp_path,
        f'[[binds]]\nipv4 = "127.0.0.1:{port}"\nallowUnauthenticatedPermissions = {permissions}',
    )
    add_camera_of(tmp_path, tmp_path / "samples", "sub")
    with running(config):
        camera = ask(port, "GET", "/api/?cameraConfigs=true").json()["cameras"][0]
        assert (camera["uuid"], camera["config"]["password"]) == (CAMERA, "secret")
        assert camera["streams"]["sub"]["record"] is False
        assert ask(port, "GET", VIEW).status == 404, "there is no main stream"
        assert ask(port, "HEAD", VIEW.replace("main", "sub")).status == 404, "nothing is recorded"
        assert ask(port, "GET", f"/api/cameras/{CAMERA}/").json()["shortName"] == "door"


# ---- dyndns2 --------------------------------------------------------------------------------


@dataclass
class Provider:
    """A running dyndns2 stand-in, its state file and its log."""

    port: int
    state: Path
    log: Path

    def set(self, **changes: Any) -> None:
        state = {"accounts": {"home": "s3cret"}, "hosts": ["nvr.example.test"], **changes}
        self.state.write_text(json.dumps(state))

    def update(self, address: str, password: str = "s3cret", host: str = "nvr.example.test") -> str:
        token = base64.b64encode(f"home:{password}".encode()).decode()
        path = f"/nic/update?system=dyndns&hostname={host}&myip={address}"
        return ask(self.port, "GET", path, Authorization=f"Basic {token}").body.decode()

    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def provider(directory: Path, *args: str) -> Iterator[Provider]:
    found = Provider(free_port(), directory / "state.json", directory / "requests.log")
    found.set()
    command: list[str | Path] = [sys.executable, DYNDNS, "--bind", "127.0.0.1"]
    command += ["--port", str(found.port), "--state", found.state, "--log", found.log, *args]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            eventually("dyndns", lambda: listening(found.port))
            yield found
        finally:
            process.terminate()
            assert process.wait(WAIT_SECONDS) == 0


def listening(port: int) -> bool:
    try:
        dial(port).close()
    except ConnectionRefusedError:
        return False
    return True


def test_dyndns_answers_like_the_protocol(tmp_path: Path) -> None:
    with provider(tmp_path) as dyndns:
        assert dyndns.update("203.0.113.7") == "good 203.0.113.7\n"
        assert dyndns.update("203.0.113.7") == "nochg 203.0.113.7\n"
        assert dyndns.update("203.0.113.8") == "good 203.0.113.8\n"
        assert dyndns.update("203.0.113.8", host="other.example.test") == "nohost\n"
        assert dyndns.update("203.0.113.8", password="wrong") == "badauth\n"
        for answer in ("abuse", "911"):
            dyndns.set(answer=answer)
            assert dyndns.update("203.0.113.9") == f"{answer}\n"
        dyndns.set(answer="garbage")
        assert "<html>" in dyndns.update("203.0.113.9")
        assert ask(dyndns.port, "GET", "/ip").body == b"127.0.0.1\n"
        dyndns.set(address="203.0.113.9")
        assert ask(dyndns.port, "GET", "/ip").body == b"203.0.113.9\n"

        requests = dyndns.requests()
        assert [entry.get("authorized") for entry in requests[:5]] == [True] * 4 + [False]
        assert requests[0]["query"]["myip"] == "203.0.113.7"
        assert requests[0]["user"] == "home"
        for password in ("s3cret", "wrong", base64.b64encode(b"home:s3cret").decode()):
            assert password not in dyndns.log.read_text()


def test_dyndns_can_keep_silent(tmp_path: Path) -> None:
    with provider(tmp_path) as dyndns:
        dyndns.set(answer="timeout")
        with closing(dial(dyndns.port)) as connection:
            connection.settimeout(0.3)
            connection.sendall(b"GET /nic/update?hostname=nvr.example.test HTTP/1.1\r\n\r\n")
            with pytest.raises(TimeoutError):
                connection.recv(1)
        assert dyndns.requests()[0]["answer"] == "timeout"


def test_dyndns_publishes_to_challtestsrv(tmp_path: Path) -> None:
    received: list[tuple[str, dict[str, Any]]] = []

    class Challtestsrv(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Challtestsrv) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with provider(tmp_path, "--challtestsrv", url) as dyndns:
            assert dyndns.update("203.0.113.7") == "good 203.0.113.7\n"
        server.shutdown()
    assert ("/set-default-ipv4", {"ip": "203.0.113.7"}) in received
    host = "nvr.example.test."
    assert received[-1] == ("/add-a", {"host": host, "addresses": ["203.0.113.7"]})

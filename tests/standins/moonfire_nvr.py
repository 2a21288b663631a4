#!/usr/bin/env python3
"""Moonfire NVR stand-in for nvrstack's tests. It is NOT Moonfire NVR and records no video.

One file, standard library only, to be copied into a test image as /usr/local/bin/moonfire-nvr.
It keeps to what facts/moonfire.md documents about v0.7.30: command line, configuration file,
locks, database and sample directories, signals and exit codes, and the HTTP interface as a
proxy or a browser sees it. What is not modelled: RTSP, recordings, signals, the `config` TUI.

Where it differs on purpose:
  * `view.mp4` is a virtual file; `?s=BYTES` sets its length (a pure function of the offset,
    see `virtual_bytes`). A recording range such as `s=1-5` means the default length.
  * As long as the database has no camera at all, every well-formed camera uuid is accepted.
    With one camera or more, unknown ones are refused as the real server does.
  * `recording` appends the time of day to standin-recording.log beside the db directory.

Environment: STANDIN_VERSION (v0.7.30), STANDIN_START_SECONDS (0), STANDIN_STOP_SECONDS (0),
STANDIN_MP4_BYTES (1 GiB), STANDIN_CAMERA (HOST:PORT, tried once a second), STANDIN_SCRYPT_LN (17),
STANDIN_TMP_DIRS and STANDIN_ZONEINFO (colon-separated, instead of the usual directories).
Besides these: TZ, MOONFIRE_FORMAT, RUST_BACKTRACE, NOTIFY_SOCKET, as documented.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import email.utils
import fcntl
import functools
import gzip
import hashlib
import hmac
import http.server
import ipaddress
import json
import os
import re
import secrets
import shutil
import signal
import socket
import socketserver
import sqlite3
import stat
import struct
import sys
import threading
import time
import tomllib
import urllib.parse
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

STANDIN_NAME = "Moonfire NVR stand-in for nvrstack's tests"
DEFAULT_DB_DIR = Path("/var/lib/moonfire-nvr/db")
DEFAULT_CONFIG = Path("/etc/moonfire-nvr.toml")
SCHEMA_VERSION = 7
META_LENGTH = 512
STREAM_TYPES = ("main", "sub", "ext")
PERMISSION_NAMES = ("viewVideo", "readCameraConfigs", "updateSignals", "adminUsers")
JSON_CONTENT_TYPES = ("application/json", "application/json; charset=UTF-8")
MAX_BODY_BYTES = 1 << 20
LIVE_PART_BYTES = 100_000
LIVE_PART_SECONDS = 0.2
FLUSH_SECONDS = 60.0
LAST_MODIFIED = 1_767_225_600  # 2026-01-01; the virtual files never change
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

# Each kind of error of the real server with the HTTP status that it becomes.
HTTP_STATUS = {
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 412,
    "NOT_FOUND": 404,
}

# The tables of schema version 7; columns, checks and references as documented.
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

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Moonfire NVR (stand-in)</title></head>
<body>
<!-- Moonfire NVR stand-in for nvrstack's tests -->
<div id="user" style="float: right"></div>
<form id="login" hidden><h1>Log in</h1>
<label>Username <input name="username" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button type="submit">Log in</button></form>
<p id="live"></p>
<script type="module" src="/assets/index-57a4d149.js"></script>
</body></html>
"""

SCRIPT = """// Moonfire NVR stand-in for nvrstack's tests: log in, log out, live view.
const form = document.getElementById('login');
const user = document.getElementById('user');
const live = document.getElementById('live');
const post = (path, body) => fetch(path, {method: 'POST', body: JSON.stringify(body),
  headers: {'Content-Type': 'application/json'}});
function watch(camera) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const path = `/api/cameras/${camera}/sub/live.m4s`;
  const socket = new WebSocket(`${scheme}//${location.host}${path}`);
  let parts = 0;
  socket.onmessage = (event) => {
    live.textContent = typeof event.data === 'string' ? event.data : `live parts: ${++parts}`;
  };
  socket.onclose = (event) => { live.textContent += ` ws close: ${event.code}`; };
}
async function show() {
  const answer = await fetch('/api/');
  form.hidden = answer.status !== 401;
  if (!answer.ok) return;
  const top = await answer.json();
  user.textContent = top.user ? top.user.name + ' ' : '';
  if (top.user) {
    const out = document.createElement('button');
    out.textContent = 'logout';
    out.onclick = async () => {
      await post('/api/logout', {csrf: top.user.session.csrf});
      location.reload();
    };
    user.append(out);
  }
  watch(top.cameras.length ? top.cameras[0].uuid : '00000000-0000-4000-8000-000000000000');
}
form.onsubmit = async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form));
  if ((await post('/api/login', fields)).ok) await show();
};
await show();
"""

STATIC_FILES = {
    "/": ("text/html", "public", PAGE),
    "/robots.txt": ("text/plain", "public", "User-agent: *\nDisallow: /\n"),
    "/assets/index-57a4d149.js": (
        "text/javascript",
        "public, max-age=604800, immutable",
        SCRIPT,
    ),
}


class MoonfireError(Exception):
    """An error with the kind and text of the real server: logged, or sent as an HTTP answer."""

    def __init__(self, kind: str, message: str = "") -> None:
        self.kind = kind
        super().__init__(f"{kind}: {message}" if message else kind)


def os_error(message: str, cause: OSError) -> MoonfireError:
    """Wrap an error of the system as the real server logs it: its own text, then the cause."""
    kinds = {"PermissionError": "PERMISSION_DENIED", "FileNotFoundError": "NOT_FOUND"}
    kind = kinds.get(type(cause).__name__, "UNKNOWN")
    return MoonfireError(kind, f"{message}\ncaused by: {cause}")


# ---- versions, log --------------------------------------------------------------------------


@functools.cache
def version() -> tuple[int, int, int]:
    """Return the version that is played; a few documented behaviours depend on it."""
    text = os.environ.get("STANDIN_VERSION", "v0.7.30")
    match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)", text)
    if match is None:
        sys.exit(f"STANDIN_VERSION={text!r} is not a version like v0.7.30")
    return int(match[1]), int(match[2]), int(match[3])


def version_line() -> str:
    """Return the `--version` line: bpaf's form from v0.7.6 on, structopt's before."""
    number = ".".join(map(str, version()))
    return f"Version: v{number}" if version() >= (0, 7, 6) else f"moonfire-nvr {number}"


def log(level: str, message: str) -> None:
    """Write one event to stderr, in the form chosen by MOONFIRE_FORMAT (json, systemd, text)."""
    style = os.environ.get("MOONFIRE_FORMAT", "")
    thread = threading.current_thread().name
    if style == "json":
        event: dict[str, Any] = {"timestamp": time.time(), "level": level}
        line = json.dumps({**event, "fields": {"message": message}, "threadName": thread})
    elif style == "systemd":
        priority = {"ERROR": 3, "WARN": 4, "INFO": 5}[level]
        line = f"<{priority}>{thread} standin: {message}"
    else:
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(now))
        line = f"{stamp}.{int(now % 1 * 1e6):06d} {level:>5} {thread} standin: {message}"
    # One write per event, so that threads do not mix their lines.
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def seconds_from_environment(name: str) -> float:
    """Return a non-negative number of seconds from the environment, 0 when unset."""
    return max(0.0, float(os.environ.get(name) or 0))


# ---- configuration file ---------------------------------------------------------------------


@dataclass(frozen=True)
class Permissions:
    """The four permissions; stored as a protobuf message with the fields 1 to 4."""

    view_video: bool = False
    read_camera_configs: bool = False
    update_signals: bool = False
    admin_users: bool = False

    @classmethod
    def from_json(cls, value: object) -> Permissions:
        """Read the JSON form of the API: camelCase names, unknown ones refused."""
        flags = expect(value, dict, "struct Permissions")
        refuse_unknown(flags, PERMISSION_NAMES)
        return cls(*(expect(flags.get(n, False), bool, "a boolean") for n in PERMISSION_NAMES))

    @classmethod
    def from_blob(cls, blob: bytes) -> Permissions:
        """Read the protobuf form, e.g. X'0801100118012001' for all four."""
        numbers = {number for number, value in read_message(blob) if value}
        return cls(*(number in numbers for number in (1, 2, 3, 4)))

    def flags(self) -> tuple[bool, bool, bool, bool]:
        """Return the permissions in the order of their protobuf fields."""
        return (
            self.view_video,
            self.read_camera_configs,
            self.update_signals,
            self.admin_users,
        )

    def to_json(self) -> dict[str, bool]:
        """Return the JSON form, every name present."""
        return dict(zip(PERMISSION_NAMES, self.flags(), strict=True))

    def to_blob(self) -> bytes:
        """Return the protobuf form, false fields left out."""
        return b"".join(bytes([i << 3, 1]) for i, on in enumerate(self.flags(), 1) if on)


ALL_PERMISSIONS = Permissions(True, True, True, True)


@dataclass(frozen=True)
class Bind:
    """One `[[binds]]` table."""

    kind: str
    address: str
    allow_unauthenticated: Permissions | None = None
    trust_forward_headers: bool = False
    own_uid_is_privileged: bool = False

    def socket_address(self) -> tuple[str, int] | str:
        """Return what `bind()` takes: host and port, or the path of a unix socket."""
        if self.kind == "unix":
            return self.address
        host, _, port = self.address.rpartition(":")
        return host.strip("[]"), int(port)

    def __str__(self) -> str:
        return f"{self.kind}:{self.address}"


@dataclass(frozen=True)
class Config:
    """The configuration file, checked as strictly as serde with `deny_unknown_fields`."""

    binds: tuple[Bind, ...]
    db_dir: Path = DEFAULT_DB_DIR
    serves_static_files: bool = True


def expect(value: object, kind: type, name: str) -> Any:
    """Return the value if it has exactly the wanted type (a bool is no integer here)."""
    if type(value) is not kind:
        raise MoonfireError("INVALID_ARGUMENT", f"invalid type: {value!r}, expected {name}")
    return value


def refuse_unknown(table: dict[str, Any], known: Sequence[str]) -> None:
    """Raise serde's "unknown field" for the first key that is not known."""
    for key in table:
        if key not in known:
            names = ", ".join(f"`{name}`" for name in known)
            raise MoonfireError(
                "INVALID_ARGUMENT", f"unknown field `{key}`, expected one of {names}"
            )


def spelled(camel: str) -> str:
    """Return a key as the configuration of this version spells it: snake_case up to v0.7.5."""
    if version() >= (0, 7, 6):
        return camel
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), camel)


def load_config(path: Path) -> Config:
    """Read the configuration file; every failure carries the documented text."""
    try:
        return parse_config(path.read_bytes().decode("utf-8"))
    except OSError as err:
        cause = str(err)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, MoonfireError) as err:
        cause = str(err)
    message = f"unable to load config file {path}; see documentation in ref/config.md"
    raise MoonfireError("INVALID_ARGUMENT", f"{message}\ncaused by: {cause}")


def parse_config(text: str) -> Config:
    """Parse the TOML text of a configuration file."""
    table = tomllib.loads(text)
    known = [spelled(key) for key in ("binds", "dbDir", "uiDir", "workerThreads")]
    if version() == (0, 7, 2):
        known.append("rtsp_library")
    refuse_unknown(table, known)
    if "binds" not in table:
        raise MoonfireError("INVALID_ARGUMENT", "missing field `binds`")
    binds = tuple(parse_bind(bind) for bind in expect(table["binds"], list, "a sequence"))
    db_dir = expect(table.get(spelled("dbDir"), str(DEFAULT_DB_DIR)), str, "path string")
    workers = expect(table.get(spelled("workerThreads"), 1), int, "usize")
    if workers < 1:
        # Zero parses, but the runtime then panics; either way the server does not start.
        raise MoonfireError("INVALID_ARGUMENT", "Worker threads cannot be set to 0")
    return Config(binds, Path(db_dir), static_files_available(table.get(spelled("uiDir"))))


def static_files_available(ui_dir: object) -> bool:
    """Tell whether `uiDir` leads to a page: bundled by default, a stale path only warns."""
    if ui_dir is None:
        return True
    if isinstance(ui_dir, dict) and version() >= (0, 7, 8):
        if list(ui_dir) == ["bundled"] and type(ui_dir["bundled"]) is bool:
            return True
        ui_dir = None
    if not isinstance(ui_dir, str):
        raise MoonfireError(
            "INVALID_ARGUMENT", "data did not match any variant of untagged enum UiDir"
        )
    if Path(ui_dir).is_dir():
        return True
    log("WARN", f"unable to load ui dir {ui_dir}; will serve no static files")
    return False


def parse_bind(value: object) -> Bind:
    """Read one `[[binds]]` table: exactly one address key, and the documented options."""
    table = expect(value, dict, "struct BindConfig")
    kinds = ["ipv4", "ipv6", "unix"] + (["systemd"] if version() >= (0, 7, 9) else [])
    allow, trust, own_uid = (
        spelled(key)
        for key in ("allowUnauthenticatedPermissions", "trustForwardHeaders", "ownUidIsPrivileged")
    )
    present = [kind for kind in kinds if kind in table]
    # A second address key is left over once the flattened enum has taken the first one.
    refuse_unknown(table, [*present[:1], allow, trust, own_uid] if present else list(table))
    if not present:
        raise MoonfireError(
            "INVALID_ARGUMENT", "no variant of enum AddressConfig found in flattened data"
        )
    refuse_unknown(table, [present[0], allow, trust, own_uid])
    return Bind(
        kind=present[0],
        address=parse_address(present[0], expect(table[present[0]], str, "a string")),
        allow_unauthenticated=parse_config_permissions(table[allow]) if allow in table else None,
        trust_forward_headers=expect(table.get(trust, False), bool, "a boolean"),
        own_uid_is_privileged=expect(table.get(own_uid, False), bool, "a boolean"),
    )


def parse_address(kind: str, text: str) -> str:
    """Check that an address is a literal socket address: host names are not accepted."""
    if kind in ("unix", "systemd"):
        return text
    pattern = r"([0-9.]+):(\d{1,5})" if kind == "ipv4" else r"\[([0-9a-fA-F:.]+)\]:(\d{1,5})"
    match = re.fullmatch(pattern, text)
    try:
        if match is None or int(match[2]) > 65535:
            raise ValueError
        if kind == "ipv4":
            ipaddress.IPv4Address(match[1])
        else:
            ipaddress.IPv6Address(match[1])
    except ValueError:
        name = "IPv4" if kind == "ipv4" else "IPv6"
        raise MoonfireError(
            "INVALID_ARGUMENT", f"invalid {name} socket address syntax: {text!r}"
        ) from None
    return text


def parse_config_permissions(value: object) -> Permissions:
    """Read `allowUnauthenticatedPermissions`; adminUsers exists from v0.7.6 on."""
    table = expect(value, dict, "struct Permissions")
    names = PERMISSION_NAMES if version() >= (0, 7, 6) else PERMISSION_NAMES[:3]
    refuse_unknown(table, [spelled(name) for name in names])
    camel = {spelled(name): name for name in names}
    return Permissions.from_json({camel[key]: flag for key, flag in table.items()})


def time_zone_name() -> str | None:
    """Resolve TZ to an IANA name whose data can be loaded; None stops the server (>= v0.7.18).

    An unset TZ means the symlink /etc/localtime; the empty string means UTC.
    """
    name = os.environ.get("TZ")
    if name is None:
        try:
            name = str(Path("/etc/localtime").readlink())
        except OSError:
            return None
        if "/zoneinfo/" not in name:
            return None
    name = name.removeprefix(":").rpartition("zoneinfo/")[2]
    if not name:
        return "UTC"
    default = "/usr/share/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo"
    for directory in os.environ.get("STANDIN_ZONEINFO", default).split(":"):
        try:
            with (Path(directory) / name).open("rb") as file:
                if file.read(4) == b"TZif":
                    return name
        except OSError:
            continue
    # v0.7.10 to v0.7.17 did not check that the data exist.
    return name if version() < (0, 7, 18) and "," not in name else None


# ---- protobuf, meta file, locks -------------------------------------------------------------


def varint(number: int) -> bytes:
    """Encode a protobuf varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Decode a varint; return it and the position behind it."""
    number = shift = 0
    while True:
        byte = data[position]
        number |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return number, position


def read_message(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield field number and value for the varint and length-delimited fields of a message."""
    position = 0
    while position < len(data):
        key, position = read_varint(data, position)
        number, position = read_varint(data, position)
        if key & 7 == 2:
            yield key >> 3, data[position : position + number]
            position += number
        elif key & 7 == 0:
            yield key >> 3, number
        else:
            raise ValueError(f"unexpected wire type {key & 7}")


def bytes_field(number: int, value: bytes) -> bytes:
    """Encode a length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(value)) + value


@dataclass(frozen=True)
class Open:
    """One row of the table `open`: a read-write opening of the database."""

    id: int
    uuid: bytes

    def encode(self) -> bytes:
        """Return the protobuf form used in `meta` files."""
        return varint(8) + varint(self.id) + bytes_field(2, self.uuid)

    @classmethod
    def decode(cls, data: bytes) -> Open:
        """Read the protobuf form used in `meta` files."""
        fields = dict(read_message(data))
        number, identity = fields.get(1, 0), fields.get(2, b"")
        if not isinstance(number, int) or not isinstance(identity, bytes):
            raise ValueError("not an Open message")
        return cls(number, identity)


@dataclass(frozen=True)
class DirMeta:
    """The `meta` file of a sample directory: 512 bytes, a varint length, a protobuf message."""

    db_uuid: bytes = b""
    dir_uuid: bytes = b""
    last_complete_open: Open | None = None
    in_progress_open: Open | None = None

    @classmethod
    def read(cls, directory: Path) -> DirMeta:
        """Read the file; a missing one is an empty message."""
        path = directory / "meta"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return cls()
        except OSError as err:
            raise os_error("unable to read meta file", err) from err
        try:
            if len(data) != META_LENGTH:
                raise ValueError(f"expected {META_LENGTH} bytes, got {len(data)}")
            length, start = read_varint(data, 0)
            fields: dict[int, Any] = dict(read_message(data[start : start + length]))
            opens = [Open.decode(fields[n]) if n in fields else None for n in (3, 4)]
        except (ValueError, IndexError) as err:
            raise MoonfireError("DATA_LOSS", f"unable to read meta file\ncaused by: {err}") from err
        return cls(fields.get(1, b""), fields.get(2, b""), *opens)

    def write(self, directory: Path) -> None:
        """Write the file in place, padded to its fixed length."""
        message = bytes_field(1, self.db_uuid) + bytes_field(2, self.dir_uuid)
        for number, opened in ((3, self.last_complete_open), (4, self.in_progress_open)):
            if opened is not None:
                message += bytes_field(number, opened.encode())
        data = (varint(len(message)) + message).ljust(META_LENGTH, b"\0")
        try:
            fd = os.open(directory / "meta", os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.write(fd, data)
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as err:
            raise os_error("unable to write to meta file", err) from err


def lock_directory(path: Path, *, shared: bool) -> int:
    """Open a directory and flock it without waiting; the descriptor holds the lock."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise
    return fd


def lock_db_dir(db_dir: Path, *, shared: bool = False) -> int:
    """Lock the database directory; the texts of the failures are the documented ones."""
    try:
        db_dir.stat()
    except FileNotFoundError:
        raise MoonfireError(
            "NOT_FOUND", f"db dir {db_dir} not found; try running moonfire-nvr init"
        ) from None
    except OSError as err:
        raise os_error(f"unable to open db dir {db_dir}", err) from err
    mode = "shared" if shared else "exclusive"
    try:
        return lock_directory(db_dir, shared=shared)
    except BlockingIOError as err:
        message = f"unable to get {mode} lock on db dir {db_dir} "
        raise MoonfireError("ABORTED", f"{message}\ncaused by: EAGAIN: {err.strerror}") from err
    except OSError as err:
        raise os_error(f"unable to open db dir {db_dir}", err) from err


# ---- passwords ------------------------------------------------------------------------------


def unpadded_base64(data: bytes) -> str:
    """Encode as standard base64 without padding, as PHC strings and cookies use it."""
    return base64.b64encode(data).decode("ascii").rstrip("=")


def scrypt(password: str, salt: bytes, cost: tuple[int, int, int], length: int) -> bytes:
    """Run scrypt with enough memory allowed for its cost: ln, r and p."""
    ln, r, p = cost
    memory = 128 * r * ((1 << ln) + p + 2) + (1 << 20)
    return hashlib.scrypt(
        password.encode(), salt=salt, n=1 << ln, r=r, p=p, maxmem=memory, dklen=length
    )


def hash_password(password: str) -> str:
    """Return a PHC string as v0.7.30 makes it: `$scrypt$ln=17,r=8,p=1$<salt>$<hash>`."""
    ln = int(os.environ.get("STANDIN_SCRYPT_LN") or 17)
    salt = secrets.token_bytes(16)
    digest = scrypt(password, salt, (ln, 8, 1), 32)
    return f"$scrypt$ln={ln},r=8,p=1${unpadded_base64(salt)}${unpadded_base64(digest)}"


def verify_password(password: str, stored: str) -> bool:
    """Check a password against a PHC string with any ln, r and p.

    A string that is not valid PHC, such as the `$$scrypt$…` of 0.6.x, raises: never a match.
    """
    pattern = r"\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
    match = re.fullmatch(pattern, stored)
    if match is None:
        raise MoonfireError("DATA_LOSS", "bad stored password hash")
    try:
        salt, digest = (base64.b64decode(match[i] + "=" * (-len(match[i]) % 4)) for i in (4, 5))
        cost = int(match[1]), int(match[2]), int(match[3])
        actual = scrypt(password, salt, cost, len(digest))
    except (binascii.Error, ValueError) as err:
        raise MoonfireError("DATA_LOSS", f"bad stored password hash: {err}") from err
    return hmac.compare_digest(actual, digest)


# ---- database -------------------------------------------------------------------------------


@dataclass(frozen=True)
class User:
    """A row of the table `user`."""

    id: int
    username: str
    config: dict[str, Any]
    password_hash: str | None
    password_id: int
    permissions: Permissions

    def disabled(self) -> bool:
        """Tell whether the account may not be used."""
        return bool(self.config.get("disabled", False))

    def preferences(self) -> dict[str, Any]:
        """Return the preferences of the web interface."""
        return dict(self.config.get("preferences", {}))

    def to_json(self) -> dict[str, Any]:
        """Return the user as the users API shows it; the password only as a presence."""
        return {
            "username": self.username,
            "disabled": self.disabled(),
            "preferences": self.preferences(),
            "password": None if self.password_hash is None else "(censored)",
            "permissions": self.permissions.to_json(),
        }


@dataclass(frozen=True)
class Caller:
    """Who makes a request, and what they may do."""

    permissions: Permissions
    user: User | None = None
    csrf: str | None = None

    def debug(self) -> str:
        """Return the value of the `caller` line of /api/request, like Rust's Debug output."""
        names = ("view_video", "read_camera_configs", "update_signals", "admin_users")
        flags = zip(names, self.permissions.flags(), strict=True)
        shown = ", ".join(f"{name}: {str(flag).lower()}" for name, flag in flags)
        special = (
            "special_fields: SpecialFields { unknown_fields: UnknownFields { fields: None }, "
            "cached_size: CachedSize { size: 0 } }"
        )
        user = "None"
        if self.user is not None:
            user = (
                f"Some(ToplevelUser {{ name: {rust_string(self.user.username)}, "
                f"id: {self.user.id}, preferences: UserPreferences({self.user.preferences()}), "
                f'session: Some(Session {{ csrf: SessionHash("{self.csrf}") }}) }})'
            )
        return f"Caller {{ permissions: Permissions {{ {shown}, {special} }}, user: {user} }}"


def rust_string(text: str | None) -> str:
    """Format a string as Rust's Debug does."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
    return '"' + "".join(escapes.get(char, char) for char in text or "") + '"'


def rust_option(text: str | None) -> str:
    """Format an optional string as Rust's Debug does."""
    return "None" if text is None else f"Some({rust_string(text)})"


def user_from_row(row: tuple[Any, ...]) -> User:
    """Build a user from the columns that `Database.users` selects."""
    number, username, config, password_hash, password_id, permissions = row
    return User(
        number,
        username,
        json.loads(config),
        password_hash,
        password_id,
        Permissions.from_blob(permissions),
    )


class Database:
    """The SQLite database of schema 7, opened with the `unix-excl` VFS as since v0.7.12.

    One lock guards every use, also while a password is checked: the real server holds its only
    database lock during scrypt, so that a stream of logins slows everything down.
    """

    def __init__(self, db_dir: Path, *, read_only: bool) -> None:
        self.lock = threading.RLock()
        self.read_only = read_only
        self.failed_logins: dict[int, int] = {}
        self.opened: Open | None = None
        self._fd = lock_db_dir(db_dir, shared=read_only)
        mode = "ReadOnly" if read_only else "ReadWrite"
        log("INFO", f"Opening {db_dir / 'db'} in {mode} mode")
        try:
            self.conn = connect(db_dir / "db", "ro" if read_only else "rw")
            self._check_schema()
            self.uuid: bytes = self.conn.execute("select uuid from meta").fetchone()[0]
            if not read_only:
                self._insert_open()
        except sqlite3.Error as err:
            raise MoonfireError("UNAVAILABLE", f"{err}: {db_dir / 'db'}") from err

    def _check_schema(self) -> None:
        named = "select count(*) from sqlite_master where name = 'version'"
        if not self.conn.execute(named).fetchone()[0]:
            raise MoonfireError(
                "FAILED_PRECONDITION",
                "no such table: version. If you have never used this database before, "
                "run moonfire-nvr init",
            )
        found = self.conn.execute("select max(id) from version").fetchone()[0]
        if found != SCHEMA_VERSION:
            age = "old" if found < SCHEMA_VERSION else "new"
            raise MoonfireError(
                "FAILED_PRECONDITION",
                f"database schema version {found} is too {age} (expected {SCHEMA_VERSION}); "
                "see upgrade instructions in guide/upgrade.md",
            )

    def _insert_open(self) -> None:
        identity = uuid.uuid4().bytes
        cursor = self.conn.execute(
            "insert into open (uuid, start_time_90k) values (?, ?)",
            (identity, int(time.time() * 90000)),
        )
        self.opened = Open(cursor.lastrowid or 0, identity)

    def close(self) -> None:
        """Write the WAL back into the database and release the lock."""
        with self.lock:
            if not self.read_only:
                self.conn.execute("pragma wal_checkpoint(truncate)")
            self.conn.close()
            os.close(self._fd)

    def flush(self) -> None:
        """Do what the real flush does and tests look for: log the hashes of failed logins.

        Fails like SQLite without a writable directory for temporary files.
        """
        if not temporary_directory():
            log(
                "WARN",
                "flush failure on save for reason periodic flush of the stand-in; will retry "
                "after 60s: unable to open database file: VFS is unable to determine a suitable "
                "directory for temporary files (code 6410)",
            )
            return
        with self.lock:
            failed, self.failed_logins = self.failed_logins, {}
            for user_id, count in failed.items():
                user = self.user(user_id)
                log(
                    "INFO",
                    f"updating user {user.username!r}: password_failure_count += {count}, "
                    f"password_hash: {rust_option(user.password_hash)}",
                )
                self.conn.execute(
                    "update user set password_failure_count = password_failure_count + ? "
                    "where id = ?",
                    (count, user_id),
                )

    def users(self, where: str = "", *values: object) -> list[User]:
        """Return users in the order of their ids, all or those that a condition selects."""
        query = (
            "select id, username, coalesce(config, '{}'), password_hash, password_id, permissions "
            f"from user {where} order by id"
        )
        with self.lock:
            rows = self.conn.execute(query, values).fetchall()
        return [user_from_row(row) for row in rows]

    def user(self, user_id: int) -> User:
        """Return one user, or raise the API's 404."""
        found = self.users("where id = ?", user_id)
        if not found:
            raise MoonfireError("NOT_FOUND", "can't find requested user")
        return found[0]

    def save_user(self, change: dict[str, Any], user_id: int | None = None) -> int:
        """Insert a user, or update the named columns of one; return the id."""
        columns = list(change)
        with self.lock:
            try:
                if user_id is None:
                    cursor = self.conn.execute(
                        f"insert into user ({', '.join(columns)}) "
                        f"values ({', '.join('?' * len(columns))})",
                        tuple(change.values()),
                    )
                    return cursor.lastrowid or 0
                if columns:
                    self.conn.execute(
                        f"update user set {', '.join(f'{c} = ?' for c in columns)} where id = ?",
                        (*change.values(), user_id),
                    )
                return user_id
            except sqlite3.IntegrityError as err:
                raise MoonfireError("INTERNAL", str(err)) from err
            except sqlite3.OperationalError as err:
                raise MoonfireError("FAILED_PRECONDITION", str(err)) from err

    def delete_user(self, user_id: int) -> None:
        """Delete a user and their sessions."""
        with self.lock:
            self.conn.execute("delete from user_session where user_id = ?", (user_id,))
            if self.conn.execute("delete from user where id = ?", (user_id,)).rowcount != 1:
                raise MoonfireError("NOT_FOUND", f"user {user_id} not found")

    def password_matches(self, user: User, password: str | None) -> bool:
        """Check a password (None: no password) while the database is locked."""
        if password is None or user.password_hash is None:
            return password is None and user.password_hash is None
        with self.lock:
            if verify_password(password, user.password_hash):
                return True
            self.failed_logins[user.id] = self.failed_logins.get(user.id, 0) + 1
            return False

    def login(self, username: str, password: str, request: SessionRequest) -> bytes:
        """Check a login and open a session; every reason to refuse is UNAUTHENTICATED."""
        with self.lock:
            found = self.users("where username = ?", username)
            try:
                if not found:
                    raise MoonfireError("UNAUTHENTICATED", f"no such user {username!r}")
                if found[0].disabled():
                    raise MoonfireError("UNAUTHENTICATED", f"user {username!r} is disabled")
                if not self.password_matches(found[0], password):
                    raise MoonfireError("UNAUTHENTICATED", "incorrect password")
                return self.make_session(found[0], found[0].permissions, request)
            except sqlite3.OperationalError as err:
                raise MoonfireError("UNAUTHENTICATED", str(err)) from err
            except MoonfireError as err:
                if err.kind == "UNAUTHENTICATED":
                    raise
                raise MoonfireError("UNAUTHENTICATED", str(err)) from err

    def make_session(self, user: User, permissions: Permissions, request: SessionRequest) -> bytes:
        """Insert a session with its permissions frozen; return the 48 bytes of its cookie."""
        session_id = secrets.token_bytes(48)
        self.conn.execute(
            "insert into user_session (session_id_hash, user_id, seed, flags, domain, "
            "creation_password_id, creation_time_sec, creation_user_agent, permissions) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                session_hash(session_id),
                user.id,
                secrets.token_bytes(32),
                request.flags,
                request.domain,
                user.password_id,
                int(time.time()),
                request.user_agent,
                permissions.to_blob(),
            ),
        )
        return session_id

    def session(self, session_id: bytes) -> Caller | None:
        """Return the caller of a valid session, None for an unknown, revoked or disabled one."""
        with self.lock:
            row = self.conn.execute(
                "select user_id, seed, permissions, session_id_hash from user_session "
                "where session_id_hash = ? and revocation_reason is null",
                (session_hash(session_id),),
            ).fetchone()
            if row is None:
                return None
            user = self.user(row[0])
        if user.disabled():
            return None
        csrf = unpadded_base64(hashlib.blake2b(row[3], key=row[1], digest_size=24).digest())
        return Caller(Permissions.from_blob(row[2]), user, csrf)

    def revoke_session(self, session_id: bytes) -> None:
        """Mark a session as logged out."""
        with self.lock:
            self.conn.execute(
                "update user_session set revocation_reason = 1, revocation_time_sec = ? "
                "where session_id_hash = ?",
                (int(time.time()), session_hash(session_id)),
            )

    def cameras(self, *, with_config: bool = False) -> list[dict[str, Any]]:
        """Return the cameras with their streams as `GET /api/` lists them."""
        with self.lock:
            cameras = self.conn.execute(
                "select id, uuid, short_name, config from camera order by id"
            ).fetchall()
            streams = self.conn.execute(
                "select camera_id, type, id, config from stream order by id"
            ).fetchall()
        out = []
        for number, identity, short_name, config in cameras:
            camera: dict[str, Any] = {"uuid": str(uuid.UUID(bytes=identity)), "id": number}
            camera["shortName"] = short_name
            if with_config:
                camera["config"] = json.loads(config)
            camera["streams"] = {
                kind: stream_json(stream_id, json.loads(text), with_config=with_config)
                for camera_id, kind, stream_id, text in streams
                if camera_id == number
            }
            out.append(camera)
        return out

    def check_stream(self, camera: str, kind: str) -> None:
        """Raise the 404 of an unknown camera or stream; a database without cameras has all."""
        cameras = {entry["uuid"]: entry["streams"] for entry in self.cameras()}
        if not cameras:
            return
        if camera not in cameras:
            raise MoonfireError("NOT_FOUND", f"no such camera {camera}")
        if kind not in cameras[camera]:
            raise MoonfireError("NOT_FOUND", f"no such stream {camera}/{kind}")


@dataclass(frozen=True)
class SessionRequest:
    """What a session remembers about the request that made it."""

    flags: int
    domain: str | None = None
    user_agent: str | None = None


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open the SQLite file: `rw` and `rwc` exclusively for good, `ro` with ordinary locks."""
    vfs = "unix" if mode == "ro" or version() < (0, 7, 12) else "unix-excl"
    uri = f"file:{urllib.parse.quote(str(path.absolute()))}?mode={mode}&vfs={vfs}"
    conn = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    conn.execute("pragma foreign_keys = on")
    conn.execute("pragma synchronous = 3")
    return conn


def session_hash(session_id: bytes) -> bytes:
    """Return the 24 bytes under which a session is stored (blake2b here, blake3 in Moonfire)."""
    return hashlib.blake2b(session_id, digest_size=24).digest()


def stream_json(stream_id: int, config: dict[str, Any], *, with_config: bool) -> dict[str, Any]:
    """Return a stream as the API shows one that has no recordings yet."""
    stream: dict[str, Any] = {
        "id": stream_id,
        "retainBytes": config.get("retainBytes", 0),
        "minStartTime90k": None,
        "maxEndTime90k": None,
        "totalDuration90k": 0,
        "totalSampleFileBytes": 0,
        "fsBytes": 0,
        "record": config.get("mode") == "record",
        "numRecentRecordings": 0,
        "numRecentFrames": 0,
        "recentFrameBytes": 0,
    }
    if with_config:
        stream["config"] = config
    return stream


def temporary_directory() -> bool:
    """Tell whether SQLite finds a place for temporary files, as in the image `FROM scratch`.

    /tmp and /usr/tmp do not exist there, so here they count only when something is mounted.
    """
    override = os.environ.get("STANDIN_TMP_DIRS")
    if override is not None:
        candidates = override.split(":")
    else:
        named = [os.environ.get("SQLITE_TMPDIR", ""), os.environ.get("TMPDIR", ""), "/var/tmp"]
        candidates = named + [path for path in ("/usr/tmp", "/tmp") if os.path.ismount(path)]
    return any(
        path and Path(path).is_dir() and os.access(path, os.W_OK | os.X_OK) for path in candidates
    )


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
                "update sample_file_dir set last_complete_open_id = ? where id = ?",
                (db.opened.id, dir_id),
            )
            DirMeta(db.uuid, dir_uuid, last_complete_open=db.opened).write(Path(text))
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


# ---- JSON bodies ----------------------------------------------------------------------------

# Stands before each escape sequence while a body is read; see `parse_json`.
ESCAPE_MARK = "\ue000"


def parse_json(body: bytes) -> dict[str, Any]:
    """Parse a JSON object, keeping a mark in every string that contained an escape sequence.

    The real server *borrows* some strings from the body (serde's `&str`): those are refused when
    they contain an escape, `\\"` and `\\u00e9` alike. `borrowed` and `owned` tell them apart.
    """
    try:
        text = body.decode("utf-8")
        marked = re.sub(r"(?:\\(?:u[0-9a-fA-F]{4}|.))+", lambda match: ESCAPE_MARK + match[0], text)
        value = json.loads(marked)
    except ValueError as err:
        raise MoonfireError("INVALID_ARGUMENT", f"bad request body\ncaused by: {err}") from err
    if not isinstance(value, dict):
        raise MoonfireError("INVALID_ARGUMENT", "bad request body: expected an object")
    return value


def borrowed(value: object) -> str:
    """Return a string that the real server borrows: no escape sequence is allowed in it."""
    if not isinstance(value, str) or ESCAPE_MARK in value:
        kind = "string with an escape sequence" if isinstance(value, str) else "value"
        message = f"bad request body: invalid type: {kind}, expected a borrowed string"
        raise MoonfireError("INVALID_ARGUMENT", message)
    return value


def owned(value: object) -> Any:
    """Return a JSON value without the marks of `parse_json`."""
    if isinstance(value, str):
        return value.replace(ESCAPE_MARK, "")
    if isinstance(value, list):
        return [owned(item) for item in value]
    if isinstance(value, dict):
        return {owned(key): owned(item) for key, item in value.items()}
    return value


def parse_user(value: object) -> dict[str, Any]:
    """Read the `user`, `update` or `precondition` object; absent fields are left out.

    A null means absent, except for the password, where it means "no password".
    """
    table = expect(value, dict, "struct UserSubset")
    refuse_unknown(table, ("username", "disabled", "preferences", "password", "permissions"))
    user: dict[str, Any] = {}
    for key, item in table.items():
        if key == "password":
            user[key] = None if item is None else borrowed(item)
        elif item is None:
            continue
        elif key == "username":
            user[key] = borrowed(item)
        elif key == "permissions":
            user[key] = Permissions.from_json(item)
        else:
            kind, name = (bool, "a boolean") if key == "disabled" else (dict, "a map")
            user[key] = owned(expect(item, kind, name))
    return user


# ---- virtual video --------------------------------------------------------------------------


def _block_pattern() -> bytes:
    return b"".join(hashlib.sha256(b"nvrstack %d" % i).digest() for i in range(2048))


VIRTUAL_BLOCK_BYTES = 65536
_BLOCK = _block_pattern()


def virtual_bytes(offset: int, length: int) -> bytes:
    """Return bytes of the virtual video: a fixed 64 KiB block, headed by its block number.

    The number makes a misplaced block visible; everything is a pure function of the offset.
    """
    first = offset // VIRTUAL_BLOCK_BYTES
    last = (offset + max(length, 1) - 1) // VIRTUAL_BLOCK_BYTES
    data = b"".join(struct.pack(">Q", n) + _BLOCK[8:] for n in range(first, last + 1))
    start = offset - first * VIRTUAL_BLOCK_BYTES
    return data[start : start + length]


def virtual_length(query: str) -> int:
    """Return the length of a view.mp4: `s=BYTES`, else STANDIN_MP4_BYTES, else 1 GiB."""
    length = int(os.environ.get("STANDIN_MP4_BYTES") or 1 << 30)
    for key, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
        if key == "s":
            if value.isascii() and value.isdigit():
                length = int(value)
            elif re.fullmatch(r"\d+-\d+(@\d+)?(\.\d*-\d*)?", value) is None:
                raise MoonfireError("INVALID_ARGUMENT", f"invalid s parameter: {value}")
        elif key != "ts":
            raise MoonfireError("INVALID_ARGUMENT", f"parameter {key} not understood")
    return length


def parse_ranges(header: str, length: int) -> list[tuple[int, int]] | None:
    """Return the satisfiable byte ranges (start, end exclusive), None for a malformed header."""
    if not header.startswith("bytes="):
        return None
    ranges = []
    for part in header.removeprefix("bytes=").split(","):
        match = re.fullmatch(r"\s*(\d*)-(\d*)\s*", part)
        if match is None or match[0].strip() == "-":
            return None
        if not match[1]:
            start, end = max(0, length - int(match[2])), length
        else:
            start = int(match[1])
            end = min(int(match[2]) + 1, length) if match[2] else length
            if match[2] and int(match[2]) < start:
                return None
        if start < end:
            ranges.append((start, end))
    return ranges


# ---- HTTP server ----------------------------------------------------------------------------


@dataclass
class Server:
    """What all binds share."""

    db: Database
    config: Config
    zone: str
    stop: threading.Event = field(default_factory=threading.Event)


class BindServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One listening socket with a thread per connection."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, bind: Bind, server: Server) -> None:
        self.bind = bind
        self.shared = server
        families = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6, "unix": socket.AF_UNIX}
        if bind.kind == "systemd":
            raise MoonfireError(
                "NOT_FOUND",
                f"can't find systemd socket named {bind.address}; available sockets are: ",
            )
        self.address_family = families[bind.kind]
        address: Any = bind.socket_address()
        if bind.kind == "unix":
            remove_stale_socket(Path(address))
        try:
            super().__init__(address, RequestHandler)
        except OSError as err:
            what = "unable bind Unix socket" if bind.kind == "unix" else "unable to bind TCP socket"
            raise os_error(f"{what} {bind.address}", err) from err

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; TCP ones get TCP_NODELAY."""
        connection, address = super().get_request()
        if self.address_family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about clients that go away; log anything else."""
        err = sys.exception()
        if not isinstance(err, ConnectionError | TimeoutError):
            log("ERROR", f"connection failed: {err!r}")


def remove_stale_socket(path: Path) -> None:
    """Remove a socket left by an earlier run.

    The documented slip is kept: the bit test also matches a regular file, which is then lost.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if stat.S_IFMT(mode) & stat.S_IFSOCK:
        # A directory matches as well, but cannot be unlinked; the bind then fails by itself.
        with contextlib.suppress(OSError):
            path.unlink()


class RequestHandler(http.server.BaseHTTPRequestHandler):
    """The HTTP interface: HTTP/1.x with keep-alive and no idle timeout."""

    protocol_version = "HTTP/1.1"
    server: BindServer

    def setup(self) -> None:
        """Find out who is at the other end before the first request."""
        super().setup()
        connection: socket.socket = self.request
        self.peer_uid: int | None = None
        if self.server.address_family == socket.AF_UNIX:
            option = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            self.peer_uid = struct.unpack("3i", option)[1]
        self.body = b""

    def do_request(self) -> None:
        """Serve one request of any method; every error becomes an answer, never a hang-up."""
        parts = urllib.parse.urlsplit(self.path)
        self.query = parts.query
        try:
            self.read_body()
            try:
                self.dispatch(parts.path)
            except sqlite3.Error as err:
                raise MoonfireError("INTERNAL", str(err)) from err
        except MoonfireError as err:
            code = HTTP_STATUS.get(err.kind, 500)
            if code == 412 and version() < (0, 7, 6):
                code = 400
            text = str(err)
            if code == 500 and os.environ.get("RUST_BACKTRACE", "0") != "0":
                text += "\nBacktrace:\n   0: moonfire_nvr::standin (no Rust here)\n"
            self.respond(code, {"Content-Type": "text/plain"}, text.encode(), reason=str(err))

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Serve every method by `do_request`: http.server looks for do_GET, do_POST, …"""
        if name.startswith("do_"):
            return self.do_request
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep http.server's own notes out; `respond` logs each request."""

    def version_string(self) -> str:
        """Name the stand-in in the pages that http.server makes for malformed requests."""
        return "moonfire-nvr-standin"

    # -- reading and answering --

    def read_body(self) -> None:
        """Read the request body, so that the next request starts at the right place."""
        self.body = b""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            while size := int(self.rfile.readline().split(b";")[0], 16):
                self.body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            raise MoonfireError("INVALID_ARGUMENT", "unable to read request body")
        self.body = self.rfile.read(int(length))

    def respond(
        self, code: int, headers: dict[str, str], body: bytes = b"", *, reason: str = ""
    ) -> None:
        """Log the request, send status and headers, and the body unless the method is HEAD."""
        level = "ERROR" if code >= 500 else "WARN" if code >= 400 else "INFO"
        path = self.path.partition("?")[0]
        client = self.client_address[0] if self.client_address else "unix"
        log(level, f"{client} {self.command} {path} {code} {reason}".rstrip())
        self.send_response_only(code)
        self.send_header("Date", self.date_time_string())
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers and code not in (101, 204, 304):
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection and code != 101:
            self.send_header("Connection", "close")
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(body)

    def reply_text(self, code: int, text: str) -> None:
        """Send text/plain, as every error is sent."""
        self.respond(code, {"Content-Type": "text/plain"}, text.encode())

    def reply(self, code: int, headers: dict[str, str], body: bytes) -> None:
        """Send a body, gzipped when the client accepts it."""
        headers["Vary"] = "accept-encoding"
        if re.search(
            r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", self.header("Accept-Encoding") or ""
        ):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 1)
        self.respond(code, headers, body)

    def reply_api(self, text: str, kind: str = "application/json") -> None:
        """Send an API answer, which no cache may keep."""
        headers = {"Content-Type": kind, "Cache-Control": "private, no-cache"}
        self.reply(200, headers, text.encode())

    def reply_empty(self, headers: dict[str, str] | None = None) -> None:
        """Send 204."""
        self.respond(204, {"Cache-Control": "private, no-cache", **(headers or {})})

    def header(self, name: str) -> str | None:
        """Return the first value of a request header as UTF-8 text."""
        value: str | None = self.headers.get(name)
        if value is None:
            return None
        return value.encode("latin-1", "replace").decode("utf-8", "replace")

    # -- who is calling --

    @property
    def db(self) -> Database:
        """The database."""
        return self.server.shared.db

    def client(self) -> str | None:
        """Return the client's address: X-Real-IP when headers are trusted, else the TCP peer."""
        if self.server.bind.trust_forward_headers:
            try:
                return str(ipaddress.ip_address(self.bare_address(self.header("X-Real-IP"))))
            except ValueError:
                return None
        if self.server.address_family == socket.AF_UNIX or version() < (0, 7, 6):
            return None
        return str(self.client_address[0])

    @staticmethod
    def bare_address(text: str | None) -> str:
        """Refuse what Rust's parser refuses and Python's does not: a zone."""
        if text is None or "%" in text:
            raise ValueError("not a bare address")
        return text

    def secure(self) -> bool:
        """Tell whether the trusted proxy says that the client came by https."""
        trusted = self.server.bind.trust_forward_headers
        return trusted and self.headers.get("X-Forwarded-Proto") == "https"

    def session_id(self) -> bytes | None:
        """Return the session of the first cookie `s` that decodes to 48 bytes."""
        for line in self.headers.get_all("Cookie", []):
            for cookie in line.split(";"):
                match = re.fullmatch(r" ?s=([A-Za-z0-9+/]{64})", cookie)
                if match is not None:
                    return base64.b64decode(match[1])
        return None

    def caller(self, *, needed: bool = True) -> Caller:
        """Resolve the caller: session, own uid on a unix socket, the bind's permissions, 401."""
        session_id = self.session_id()
        if session_id is not None:
            caller = self.db.session(session_id)
            if caller is not None:
                return caller
            log("WARN", "session authentication failed")
        bind = self.server.bind
        if bind.own_uid_is_privileged and self.peer_uid == os.geteuid():
            return Caller(ALL_PERMISSIONS)
        if bind.allow_unauthenticated is not None:
            return Caller(bind.allow_unauthenticated)
        if needed:
            raise MoonfireError("UNAUTHENTICATED")
        return Caller(Permissions())

    def json_body(self) -> dict[str, Any]:
        """Return the body as JSON; the content type must be one of two exact strings."""
        if self.headers.get("Content-Type") not in JSON_CONTENT_TYPES:
            raise MoonfireError("INVALID_ARGUMENT", "expected application/json request body")
        return parse_json(self.body)

    def require_method(self, *methods: str) -> bool:
        """Answer 405 unless the method is one of those expected."""
        if self.command in methods:
            return True
        self.reply_text(405, f"{' or '.join(methods)} expected")
        return False

    # -- routes --

    def dispatch(self, path: str) -> None:
        """Find the handler of a path; /api/… is never served as a static file."""
        if not path.startswith("/api/"):
            self.serve_static(path)
            return
        rest = path.removeprefix("/api/")
        fixed = {
            "": self.serve_top_level,
            "request": self.serve_request,
            "login": self.serve_login,
            "logout": self.serve_logout,
            "signals": self.serve_signals,
        }
        if version() >= (0, 7, 6):
            fixed["users/"] = self.serve_users
            if match := re.fullmatch(r"users/([+-]?\d{1,10})", rest):
                self.serve_user(int(match[1]))
                return
        if rest in fixed:
            fixed[rest]()
            return
        camera, _, tail = rest.removeprefix("cameras/").partition("/")
        identity = canonical_uuid(camera)
        kind, _, name = tail.partition("/")
        if not rest.startswith("cameras/") or identity is None:
            raise MoonfireError("NOT_FOUND", "path not understood")
        if tail == "" and rest.endswith("/"):
            self.serve_camera(identity)
        elif kind in STREAM_TYPES and name == "live.m4s":
            self.serve_live(identity, kind)
        elif kind in STREAM_TYPES and name == "view.mp4":
            self.serve_view(identity, kind)
        elif kind in STREAM_TYPES and name == "recordings":
            self.caller()
            self.db.check_stream(identity, kind)
            self.reply_api('{"recordings":[],"videoSampleEntries":{}}')
        else:
            raise MoonfireError("NOT_FOUND", "path not understood")

    def serve_static(self, path: str) -> None:
        """Serve the page and its script: never with a question about who is calling."""
        if path not in STATIC_FILES or not self.server.shared.config.serves_static_files:
            raise MoonfireError("NOT_FOUND", "static file not found")
        kind, cache, text = STATIC_FILES[path]
        self.reply(200, {"Content-Type": kind, "Cache-Control": cache}, text.encode())

    def serve_request(self) -> None:
        """`/api/request`: what this server believes about the request, in Rust's Debug form."""
        now = time.localtime()
        when = time.strftime("%Y-%m-%dT%H:%M:%S", now)
        if version() >= (0, 7, 18):
            when = (
                "Some(Display { fmt: [37, 70, 84, 37, 84, 37, 58, 122], "
                f"tm: BrokenDownTime {{ year: Some({now.tm_year}), month: Some({now.tm_mon}), "
                f"day: Some({now.tm_mday}), hour: Some({now.tm_hour}), "
                f"minute: Some({now.tm_min}), second: Some({now.tm_sec}), subsec: Some(0), "
                f"iana: Some({rust_string(self.server.shared.zone)}) }} }})"
            )
        client = self.client()
        text = (
            f"when: {when}\n"
            f"host: {rust_option(self.header('Host'))}\n"
            f"addr: {'None' if client is None else f'Some({client})'}\n"
            f"user_agent: {rust_option(self.header('User-Agent'))}\n"
            f"secure: {str(self.secure()).lower()}\n"
            f"caller: {self.caller(needed=False).debug()}\n"
        )
        self.respond(
            200,
            {"Content-Type": "text/plain", "Cache-Control": "private, no-cache"},
            text.encode(),
        )

    def serve_top_level(self) -> None:
        """`/api/`: 401 without any right to be here; camera configs need their permission."""
        caller = self.caller()
        query = dict(urllib.parse.parse_qsl(self.query))
        with_config = query.get("cameraConfigs") == "true"
        if with_config and not caller.permissions.read_camera_configs:
            raise MoonfireError("PERMISSION_DENIED", "read_camera_configs required")
        number = ".".join(map(str, version()))
        top: dict[str, Any] = {
            "timeZoneName": self.server.shared.zone,
            "serverVersion": "0.0.0" if version() >= (0, 7, 8) else number,
            "cameras": self.db.cameras(with_config=with_config),
            "permissions": caller.permissions.to_json(),
        }
        if caller.user is not None:
            top["user"] = {
                "name": caller.user.username,
                "id": caller.user.id,
                "preferences": caller.user.preferences(),
                "session": {"csrf": caller.csrf},
            }
        self.reply_api(json.dumps({**top, "signals": [], "signalTypes": []}))

    def serve_camera(self, identity: str) -> None:
        """`/api/cameras/<uuid>/`: one camera."""
        self.caller()
        for camera in self.db.cameras():
            if camera["uuid"] == identity:
                self.reply_api(json.dumps(camera))
                return
        raise MoonfireError("NOT_FOUND", f"no such camera {identity}")

    def serve_signals(self) -> None:
        """`/api/signals`: there are none; changing them needs updateSignals."""
        caller = self.caller()
        if self.command == "POST":
            if not caller.permissions.update_signals:
                raise MoonfireError("PERMISSION_DENIED", "update_signals required")
            raise MoonfireError("UNIMPLEMENTED", "the stand-in has no signals")
        self.reply_api('{"times90k":[],"signalIds":[],"states":[]}')

    def serve_login(self) -> None:
        """`POST /api/login`: 204 and a cookie, Secure exactly when the request was."""
        if not self.require_method("POST"):
            return
        body = self.json_body()
        for key in ("username", "password"):
            if key not in body:
                raise MoonfireError("INVALID_ARGUMENT", f"bad request body: missing field `{key}`")
        username = borrowed(body["username"])
        password: str = owned(expect(body["password"], str, "a string"))
        host = self.header("Host")
        if host is None:
            raise MoonfireError("INVALID_ARGUMENT", "missing Host header")
        secure = self.secure()
        # Session flags: 1 HttpOnly, 2 Secure, 4 SameSite.
        request = SessionRequest(
            5 | (2 if secure else 0), host.partition(":")[0], self.header("User-Agent")
        )
        cookie = unpadded_base64(self.db.login(username, password, request))
        flag = "Secure; " if secure else ""
        self.reply_empty(
            {"Set-Cookie": f"s={cookie}; HttpOnly; {flag}SameSite=Lax; Max-Age=2147483648; Path=/"}
        )

    def serve_logout(self) -> None:
        """`POST /api/logout`: end the session if the csrf token is right."""
        if not self.require_method("POST"):
            return
        body = self.json_body()
        if "csrf" not in body:
            raise MoonfireError("INVALID_ARGUMENT", "bad request body: missing field `csrf`")
        csrf = borrowed(body["csrf"])
        session_id = self.session_id()
        if session_id is None:
            self.reply_empty()
            return
        caller = self.db.session(session_id)
        if caller is not None:
            if not hmac.compare_digest(csrf.encode(), (caller.csrf or "").encode()):
                raise MoonfireError("INVALID_ARGUMENT", "logout with incorrect csrf token")
            self.db.revoke_session(session_id)
        self.reply_empty({"Set-Cookie": "s=; Max-Age=0; SameSite=Lax; Path=/"})

    # -- users --

    def require_csrf(self, caller: Caller, csrf: object) -> None:
        """Require the csrf token when the caller is a session; other callers need none."""
        if caller.csrf is None:
            return
        if csrf is None:
            raise MoonfireError("UNAUTHENTICATED", "csrf must be supplied")
        if not hmac.compare_digest(borrowed(csrf).encode(), caller.csrf.encode()):
            raise MoonfireError("UNAUTHENTICATED", "incorrect csrf")

    def admin(self) -> Caller:
        """Return the caller if it has adminUsers; the users API answers 401 otherwise."""
        caller = self.caller()
        if not caller.permissions.admin_users:
            raise MoonfireError("UNAUTHENTICATED", "must have admin_users permission")
        return caller

    def serve_users(self) -> None:
        """`/api/users/`: list users, or create one (200 with its id)."""
        if not self.require_method("GET", "HEAD", "POST"):
            return
        caller = self.admin()
        if self.command != "POST":
            users = [{"id": user.id, "user": user.to_json()} for user in self.db.users()]
            self.reply_api(json.dumps({"users": users}))
            return
        body = self.json_body()
        refuse_unknown(body, ("csrf", "user"))
        if "user" not in body:
            raise MoonfireError("INVALID_ARGUMENT", "bad request body: missing field `user`")
        user = parse_user(body["user"])
        self.require_csrf(caller, body.get("csrf"))
        if "username" not in user:
            raise MoonfireError("INVALID_ARGUMENT", "username must be specified")
        if "disabled" in user:
            raise MoonfireError("UNIMPLEMENTED", "unsupported user fields: disabled")
        config = {"preferences": user["preferences"]} if user.get("preferences") else {}
        change = {
            "username": user["username"],
            "config": json.dumps(config),
            "permissions": user.get("permissions", Permissions()).to_blob(),
        }
        if user.get("password") is not None:
            change["password_hash"] = hash_password(user["password"])
        self.reply_api(json.dumps({"id": self.db.save_user(change)}))

    def serve_user(self, user_id: int) -> None:
        """`/api/users/<id>`: show, change or delete one user."""
        if not self.require_method("GET", "HEAD", "DELETE", "PATCH"):
            return
        if self.command == "DELETE":
            caller = self.admin()
            body = self.json_body()
            refuse_unknown(body, ("csrf",))
            self.require_csrf(caller, body.get("csrf"))
            self.db.delete_user(user_id)
            self.reply_empty()
            return
        caller = self.caller()
        own = caller.user is not None and caller.user.id == user_id
        if not own and not caller.permissions.admin_users:
            raise MoonfireError(
                "UNAUTHENTICATED",
                "must be authenticated as supplied user or have admin_users permission",
            )
        if self.command == "PATCH":
            self.change_user(caller, user_id)
        else:
            self.reply_api(json.dumps(self.db.user(user_id).to_json()))

    def change_user(self, caller: Caller, user_id: int) -> None:
        """Apply a PATCH: preconditions first, then the whole update or nothing."""
        body = self.json_body()
        refuse_unknown(body, ("csrf", "update", "precondition"))
        update = {} if body.get("update") is None else parse_user(body["update"])
        precondition = {} if body.get("precondition") is None else parse_user(body["precondition"])
        admin = caller.permissions.admin_users
        with self.db.lock:
            user = self.db.user(user_id)
            if "password" in update and "password" not in precondition and not admin:
                raise MoonfireError(
                    "UNAUTHENTICATED",
                    "to change password, must supply previous password or have admin_users "
                    "permission",
                )
            self.require_csrf(caller, body.get("csrf"))
            self.check_precondition(user, precondition)
            if not admin and update.keys() - {"preferences", "password"}:
                raise MoonfireError("UNAUTHENTICATED", "must have admin_users permission")
            self.db.save_user(user_columns(user, update), user_id)
        self.reply_empty()

    def check_precondition(self, user: User, precondition: dict[str, Any]) -> None:
        """Raise the 412 of the first field that is not as the caller believes."""
        actual = {
            "disabled": user.disabled(),
            "username": user.username,
            "preferences": user.preferences(),
            "permissions": user.permissions,
        }
        for key, value in precondition.items():
            if key == "password":
                matches = self.db.password_matches(user, value)
            else:
                matches = actual[key] == value
            if not matches:
                raise MoonfireError("FAILED_PRECONDITION", f"{key} mismatch")

    # -- video --

    def serve_view(self, camera: str, kind: str) -> None:
        """`view.mp4`: a virtual file with ranges, validators and a file name."""
        if not self.caller().permissions.view_video:
            raise MoonfireError("PERMISSION_DENIED", "view_video required")
        self.db.check_stream(camera, kind)
        if not self.require_method("GET", "HEAD"):
            return
        length = virtual_length(self.query)
        etag = f'"{hashlib.sha256(f"{camera}/{kind}/{length}".encode()).hexdigest()}"'
        modified = email.utils.formatdate(LAST_MODIFIED, usegmt=True)
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": etag,
            "Last-Modified": modified,
            "Cache-Control": "private, max-age=3600",
        }
        if (self.header("If-Match") or etag) not in ("*", etag):
            raise MoonfireError("FAILED_PRECONDITION", "If-Match does not match")
        if self.header("If-None-Match") in ("*", etag):
            self.respond(304, headers)
            return
        headers["Content-Type"] = "video/mp4"
        headers["Content-Disposition"] = (
            f'attachment; filename="20260101000000_{camera[:8]}_{kind}.mp4"'
        )
        ranges = None
        if self.header("If-Range") in (None, etag, modified):
            ranges = parse_ranges(self.header("Range") or "", length)
        self.send_ranges(headers, ranges, length)

    def send_ranges(
        self, headers: dict[str, str], ranges: list[tuple[int, int]] | None, length: int
    ) -> None:
        """Send the whole file (200), parts of it (206), or 416 when no part exists."""
        if ranges is None:
            self.respond(200, {**headers, "Content-Length": str(length)})
            self.send_virtual(0, length)
        elif not ranges:
            self.respond(416, {**headers, "Content-Range": f"bytes */{length}"})
        elif len(ranges) == 1:
            start, end = ranges[0]
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{length}"
            self.respond(206, {**headers, "Content-Length": str(end - start)})
            self.send_virtual(start, end)
        else:
            kind = headers["Content-Type"]
            boundary = "standin-boundary"
            heads = [
                f"\r\n--{boundary}\r\nContent-Type: {kind}\r\n"
                f"Content-Range: bytes {start}-{end - 1}/{length}\r\n\r\n".encode()
                for start, end in ranges
            ]
            tail = f"\r\n--{boundary}--\r\n".encode()
            total = sum(map(len, heads)) + sum(end - start for start, end in ranges) + len(tail)
            headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
            self.respond(206, {**headers, "Content-Length": str(total)})
            for head, (start, end) in zip(heads, ranges, strict=True):
                if self.command != "HEAD":
                    self.wfile.write(head)
                self.send_virtual(start, end)
            if self.command != "HEAD":
                self.wfile.write(tail)

    def send_virtual(self, start: int, end: int) -> None:
        """Send a stretch of the virtual file in pieces of 256 KiB."""
        while start < end and self.command != "HEAD":
            piece = virtual_bytes(start, min(end - start, 4 * VIRTUAL_BLOCK_BYTES))
            self.wfile.write(piece)
            start += len(piece)

    def serve_live(self, camera: str, kind: str) -> None:
        """`live.m4s`: origin check, handshake, then everything else inside the WebSocket."""
        denied: MoonfireError | None = None
        try:
            if not self.caller().permissions.view_video:
                raise MoonfireError("PERMISSION_DENIED", "view_video required")
            if self.db.read_only:
                raise MoonfireError(
                    "FAILED_PRECONDITION", "database is read-only; there are no live streams"
                )
            self.db.check_stream(camera, kind)
        except MoonfireError as err:
            if version() < (0, 7, 6):
                raise
            denied = err
        check_origin(self.header("Origin"), self.header("Host"))
        accept = websocket_accept(self)
        self.close_connection = True
        self.respond(
            101,
            {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Accept": accept},
        )
        socket_ = WebSocket(self)
        if denied is not None:
            log("ERROR", f"closing with error: {denied}")
            socket_.send(1, json.dumps({"type": "error", "message": str(denied)}).encode())
        else:
            stream_parts(socket_, self.db.opened.id if self.db.opened else 0)
        socket_.close()


def canonical_uuid(text: str) -> str | None:
    """Return a uuid in its usual form, None if the text is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


def user_columns(user: User, update: dict[str, Any]) -> dict[str, Any]:
    """Translate an update of the API into columns of the table `user`."""
    columns: dict[str, Any] = {}
    config = dict(user.config)
    config.update((key, update[key]) for key in ("disabled", "preferences") if key in update)
    if config != user.config:
        columns["config"] = json.dumps(config)
    if "username" in update:
        columns["username"] = update["username"]
    if "permissions" in update:
        columns["permissions"] = update["permissions"].to_blob()
    if "password" in update:
        new = update["password"]
        columns["password_hash"] = None if new is None else hash_password(new)
        columns["password_id"] = user.password_id + 1
        columns["password_failure_count"] = 0
    return columns


# ---- WebSocket ------------------------------------------------------------------------------


def check_origin(origin: str | None, host: str | None) -> None:
    """Compare Origin, if there is one, with Host, both without port; 403 when they differ.

    v0.7.3 and v0.7.4 compared Host *with* its port. The Host is cut at its first colon, so an
    IPv6 literal never matches; both are documented.
    """
    if origin is None or version() < (0, 7, 3):
        return
    if host is None:
        raise MoonfireError("INVALID_ARGUMENT", "missing Host header")
    try:
        parts = urllib.parse.urlsplit(origin)
        origin_host = parts.hostname if parts.scheme else None
    except ValueError:
        origin_host = None
    if not origin_host:
        raise MoonfireError("INVALID_ARGUMENT", "bad Origin header")
    own = host if version() < (0, 7, 5) else host.partition(":")[0]
    if own != origin_host:
        raise MoonfireError(
            "PERMISSION_DENIED",
            f'cross-origin request forbidden (request host "{host}", origin "{origin}")',
        )


def websocket_accept(request: RequestHandler) -> str:
    """Check the client's handshake (400 if it is none) and return Sec-WebSocket-Accept."""
    connection = (request.header("Connection") or "").lower()
    key = request.header("Sec-WebSocket-Key")
    problem = ""
    if request.command != "GET":
        problem = "Unsupported HTTP method used - only GET is allowed"
    elif request.request_version != "HTTP/1.1":
        problem = "HTTP version must be 1.1 or higher"
    elif "upgrade" not in re.split(r"[ ,]+", connection):
        problem = 'No "Connection: upgrade" header'
    elif (request.header("Upgrade") or "").lower() != "websocket":
        problem = 'No "Upgrade: websocket" header'
    elif request.header("Sec-WebSocket-Version") != "13":
        problem = 'No "Sec-WebSocket-Version: 13" header'
    elif not key:
        problem = 'No "Sec-WebSocket-Key" header'
    if problem or key is None:
        raise MoonfireError("INVALID_ARGUMENT", f"WebSocket protocol error: {problem}")
    digest = hashlib.sha1((key + WEBSOCKET_GUID).encode()).digest()
    return base64.b64encode(digest).decode()


class WebSocket:
    """The server's side of RFC 6455 framing: a thread reads and answers pings and close."""

    def __init__(self, request: RequestHandler) -> None:
        self._in = request.rfile
        self._out = request.wfile
        self._connection: socket.socket = request.request
        self._write_lock = threading.Lock()
        self.closed = threading.Event()
        self._reader = threading.Thread(target=self._read, name="websocket", daemon=True)
        self._reader.start()

    def send(self, opcode: int, payload: bytes) -> None:
        """Send one unfragmented frame; a client that has gone closes the WebSocket."""
        length = len(payload)
        if length < 126:
            head = struct.pack(">BB", 0x80 | opcode, length)
        elif length < 1 << 16:
            head = struct.pack(">BBH", 0x80 | opcode, 126, length)
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 127, length)
        try:
            with self._write_lock:
                self._out.write(head + payload)
        except OSError:
            self.closed.set()

    def close(self) -> None:
        """Say goodbye, unless the client has, and wait a moment for its answer."""
        if not self.closed.is_set():
            self.send(8, struct.pack(">H", 1000))
        self._reader.join(timeout=2)
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        # Fewer bytes than asked for (the client has gone) end in an error of unpacking.
        with contextlib.suppress(OSError, struct.error, ValueError):
            while self._read_frame():
                pass
        self.closed.set()

    def _read_frame(self) -> bool:
        """Read one frame and react to it; return whether to go on."""
        first, second = self._in.read(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._in.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._in.read(8))
        if not second & 0x80 or length > MAX_BODY_BYTES:
            self.send(8, struct.pack(">H", 1002))
            return False
        mask = self._in.read(4)
        data = self._in.read(length)
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        opcode = first & 0x0F
        if opcode == 9:
            self.send(10, payload)
        elif opcode == 8:
            self.send(8, payload[:2])
            return False
        return True


def stream_parts(websocket: WebSocket, open_id: int) -> None:
    """Send numbered binary parts of about 100 kB, five a second, until the client leaves."""
    number = 0
    while not websocket.closed.is_set():
        head = (
            'Content-Type: video/mp4; codecs="avc1.4d401e"\r\n'
            f"X-Recording-Start: {int(time.time() * 90000)}\r\n"
            f"X-Open-Id: {open_id}\r\n"
            f"X-Standin-Part: {number}\r\n\r\n"
        ).encode()
        start = number * LIVE_PART_BYTES
        websocket.send(2, head + virtual_bytes(start, LIVE_PART_BYTES))
        number += 1
        websocket.closed.wait(LIVE_PART_SECONDS)


# ---- running --------------------------------------------------------------------------------


def record(server: Server) -> None:
    """Append the time of day to the recording log once a second.

    It takes the database lock as a recording does, so that what holds the lock shows as a gap.
    """
    path = server.config.db_dir.parent / "standin-recording.log"
    while True:
        with server.db.lock:
            try:
                with path.open("a", encoding="ascii") as file:
                    file.write(f"{time.time():.3f}\n")
            except OSError as err:
                log("ERROR", f"recording failed: {err}")
        if server.stop.wait(1.0):
            return


def flush_now_and_then(server: Server) -> None:
    """Flush at the start and every minute."""
    while True:
        server.db.flush()
        if server.stop.wait(FLUSH_SECONDS):
            return


def reach_camera(server: Server, address: str) -> None:
    """Connect to STANDIN_CAMERA once a second and log how it went, to prove the way out."""
    host, _, port = address.rpartition(":")
    while True:
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=3):
                log("INFO", f"camera {address}: connected")
        except (OSError, ValueError) as err:
            log("WARN", f"camera {address}: connection failed: {err}")
        if server.stop.wait(1.0):
            return


def notify_systemd(state: str) -> None:
    """Send READY=1 or STOPPING=1 when systemd asks for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        try:
            notifier.sendto(state.encode(), address.replace("@", "\0", 1))
        except OSError as err:
            log("WARN", f"unable to notify systemd: {err}")


class Stopper:
    """SIGTERM and SIGINT stop gracefully, a second one at once with exit status 1.

    SIGQUIT only dumps tasks, but uses up the graceful stop: the next signal is the second.
    A thread waits for the signals, so that nothing runs in the middle of something else, and
    process 1 of a container gets them too. To be made before any other thread.
    """

    SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})

    def __init__(self) -> None:
        self.requested = threading.Event()
        signal.pthread_sigmask(signal.SIG_BLOCK, self.SIGNALS)
        threading.Thread(target=self._watch, name="signals", daemon=True).start()

    def _watch(self) -> None:
        first = signal.Signals(signal.sigwait(self.SIGNALS))
        if first == signal.SIGQUIT:
            log("INFO", "tokio task dump (on SIGQUIT) completed successfully")
        else:
            log(
                "INFO",
                f"Received {first.name}; shutting down gracefully. "
                "Send another SIGINT or SIGTERM to shut down immediately.",
            )
            self.requested.set()
        second = signal.Signals(signal.sigwait(self.SIGNALS - {signal.SIGQUIT}))
        text = f"CANCELLED: immediate shutdown due to second signal ({second.name})"
        log("ERROR", f"exiting due to error err={text}")
        os._exit(1)


def run(config_path: Path, *, read_only: bool) -> int:
    """The subcommand `run`: serve until a signal comes. Returns the exit status."""
    config = load_config(config_path)
    stopper = Stopper()
    db = Database(config.db_dir, read_only=read_only)
    log("INFO", "Database is loaded.")
    dirs = open_sample_dirs(db)
    log("INFO", "Directories are opened.")
    # The real server reads the whole index and rotates files before it listens.
    time.sleep(seconds_from_environment("STANDIN_START_SECONDS"))
    log("INFO", "Initial rotation is complete.")
    zone = time_zone_name()
    if zone is None:
        raise MoonfireError(
            "UNKNOWN",
            "unable to get IANA time zone name; check your $TZ, /etc/localtime, and "
            "/usr/share/zoneinfo/",
        )
    log("INFO", f"Resolved timezone: {zone}")
    server = Server(db, config, zone)
    start_background(server)
    for bind in config.binds:
        listener = BindServer(bind, server)
        threading.Thread(
            target=listener.serve_forever, name=f"listener-{bind}", daemon=True
        ).start()
    notify_systemd("READY=1")
    log("INFO", "Ready to serve HTTP requests")
    stopper.requested.wait()
    notify_systemd("STOPPING=1")
    log("INFO", "Shutting down streamers, directory pools, and flusher.")
    server.stop.set()
    if not read_only:
        db.flush()
    for fd in dirs:
        os.close(fd)
    log("INFO", "Waiting for TEARDOWN requests to complete.")
    time.sleep(seconds_from_environment("STANDIN_STOP_SECONDS"))
    db.close()
    log("INFO", "Exiting.")
    return 0


def start_background(server: Server) -> None:
    """Start recording, flushing and the camera connection, unless the database is read-only."""
    if server.db.read_only:
        return
    threading.Thread(target=record, args=(server,), name="recorder", daemon=True).start()
    threading.Thread(target=flush_now_and_then, args=(server,), name="flusher", daemon=True).start()
    camera = os.environ.get("STANDIN_CAMERA")
    if camera:
        threading.Thread(
            target=reach_camera, args=(server, camera), name="camera", daemon=True
        ).start()


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
        conn.execute("insert into version values (?, ?, ?)", (7, int(time.time()), "db creation"))
        conn.execute("insert into meta (uuid) values (?)", (uuid.uuid4().bytes,))
        conn.close()
    except sqlite3.Error as err:
        raise MoonfireError("UNKNOWN", str(err)) from err
    finally:
        os.close(lock)
    log("INFO", "Database initialized.")
    return 0


def login(arguments: argparse.Namespace) -> int:
    """The subcommand `login`: make a session for an existing user, without a password."""
    bits = {"http-only": 1, "secure": 2, "same-site": 4, "same-site-strict": 8}
    flags = 0
    for name in arguments.session_flags.split(","):
        if name not in bits:
            raise MoonfireError("INVALID_ARGUMENT", f"no such session flag {name}")
        flags |= bits[name]
    db = Database(arguments.db_dir, read_only=False)
    found = db.users("where username = ?", arguments.username)
    if not found:
        raise MoonfireError("NOT_FOUND", f"no such user {arguments.username}")
    permissions = found[0].permissions
    if arguments.permissions is not None:
        permissions = Permissions.from_json(parse_json(arguments.permissions.encode()))
    request = SessionRequest(flags, arguments.domain)
    cookie = unpadded_base64(db.make_session(found[0], permissions, request))
    if arguments.curl_cookie_jar is None:
        print(f"s={cookie}")
    else:
        http_only = "#HttpOnly_" if flags & 1 else ""
        secure = "TRUE" if flags & 2 else "FALSE"
        fd = os.open(arguments.curl_cookie_jar, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as jar:
            jar.write("# Netscape HTTP Cookie File\n")
            jar.write(f"{http_only}{arguments.domain}\tFALSE\t/\t{secure}\t9223372036854775807")
            jar.write(f"\ts\t{cookie}\n")
    db.close()
    return 0


def maintain(arguments: argparse.Namespace) -> int:
    """`check`, `config`, `sql`, `upgrade`: take the exclusive lock, then do as little as can be."""
    command: str = arguments.command
    if command == "sql":
        os.close(lock_db_dir(arguments.db_dir, shared=arguments.read_only))
        if shutil.which("sqlite3") is None:
            raise MoonfireError("NOT_FOUND", "unable to execute sqlite3")
        raise MoonfireError("UNIMPLEMENTED", "the stand-in does not start sqlite3")
    db = Database(arguments.db_dir, read_only=False)
    db.close()
    if command == "config":
        terminal = sys.stdin.isatty() and sys.stdout.isatty()
        reason = "the stand-in has no terminal interface" if terminal else "not a terminal"
        raise MoonfireError("UNIMPLEMENTED", reason)
    log("INFO", f"{command}: nothing to do for a stand-in")
    return 0


# ---- command line ---------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """An argument parser whose usage errors exit with 1, as the real program's do."""

    def error(self, message: str) -> NoReturn:
        """Print the usage error to stderr and exit with status 1."""
        sys.stderr.write(f"Error: {message}\n{self.format_usage()}")
        sys.exit(1)


def command_line() -> Parser:
    """Return the parser with the documented subcommands and flags."""
    description = f"{STANDIN_NAME}. This is NOT Moonfire NVR."
    parser = Parser(prog="moonfire-nvr", description=description, allow_abbrev=False)
    parser.add_argument("--version", "-V", action="version", version=version_line())
    commands = parser.add_subparsers(dest="command", title="available commands")

    def add(name: str, text: str, *, db_dir: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=text, description=f"{text} ({STANDIN_NAME})", allow_abbrev=False
        )
        if db_dir:
            sub.add_argument("--db-dir", type=Path, default=DEFAULT_DB_DIR, metavar="PATH")
        return sub

    check = add("check", "Checks database integrity")
    for flag in ("compare-lens", "trash-orphan-sample-files", "delete-orphan-rows"):
        check.add_argument(f"--{flag}", action="store_true")
    check.add_argument("--trash-corrupt-rows", action="store_true")
    add("config", "Interactively edits configuration")
    add("init", "Initializes a database")
    session = add("login", "Logs in a user, returning the session cookie")
    session.add_argument("--permissions", metavar="JSON")
    session.add_argument("--domain")
    session.add_argument("--curl-cookie-jar", type=Path, metavar="PATH")
    session.add_argument(
        "--session-flags", default="http-only,secure,same-site,same-site-strict", metavar="LIST"
    )
    session.add_argument("username")
    serve = add("run", "Runs the server", db_dir=False)
    serve.add_argument("-c", "--config", type=Path, default=DEFAULT_CONFIG, metavar="PATH")
    serve.add_argument("--read-only", action="store_true")
    sql = add("sql", "Runs a SQLite3 shell on the database")
    sql.add_argument("--read-only", action="store_true")
    sql.add_argument("arg", nargs="*")
    add("ts", "Translates between timestamps", db_dir=False).add_argument("ts", nargs="+")
    upgrade = add("upgrade", "Upgrades to the latest database schema")
    upgrade.add_argument("--sample-file-dir", type=Path, metavar="PATH")
    upgrade.add_argument("--preset-journal", default="delete", metavar="MODE")
    upgrade.add_argument("--no-vacuum", action="store_true")
    return parser


def perform(arguments: argparse.Namespace) -> int:
    """Run the chosen subcommand and return the exit status."""
    if arguments.command == "run":
        return run(arguments.config, read_only=arguments.read_only)
    if arguments.command == "init":
        return init(arguments.db_dir)
    if arguments.command == "login":
        return login(arguments)
    if arguments.command == "ts":
        for text in arguments.ts:
            print(text)
        return 0
    return maintain(arguments)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, run, and turn any error into a log line and exit status 1."""
    parser = command_line()
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help()
        return 0
    log("INFO", f"{STANDIN_NAME}; {version_line()}; this is NOT Moonfire NVR")
    try:
        return perform(arguments)
    except (MoonfireError, sqlite3.Error, OSError) as err:
        log("ERROR", f"exiting due to error err={err}")
        return 1


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Request threads may still hold connections; the real server does not wait for them either.
    os._exit(status)

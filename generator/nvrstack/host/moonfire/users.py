"""Moonfire's user accounts: over its socket while it runs, in its database while it does not.

Which of the two holds is not guessed: whoever gets the lock that the server holds on its database
directory knows that no server runs, and keeps one from starting meanwhile.
"""

import contextlib
import fcntl
import http.client
import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nvrstack.errors import HostError, InputError

SOCKET = "sock"
DATABASE = "db/db"
TIMEOUT_SECONDS = 30
SCHEMA = 7


@dataclass(frozen=True)
class User:
    """One account, without its password."""

    id: int
    name: str
    disabled: bool
    has_password: bool
    permissions: frozenset[str]


@dataclass(frozen=True)
class Encoding:
    """How Moonfire's database spells passwords and permissions."""

    password_hash: Callable[[str], str]
    permission_bytes: Callable[[frozenset[str]], bytes]
    permissions_of: Callable[[bytes], frozenset[str]]


class Users(Protocol):
    """What can be done with accounts, whichever way they are reached."""

    def all(self) -> list[User]:
        """Every account."""

    def add(self, name: str, password: str, permissions: frozenset[str]) -> None:
        """Make an account."""

    def set_password(self, user: User, password: str) -> None:
        """Change a password."""

    def remove(self, user: User) -> None:
        """Delete an account and its sessions."""


@contextlib.contextmanager
def users(state: Path, uid: int, gid: int, encoding: Encoding) -> Iterator[Users]:
    """Moonfire's accounts, as the server's own uid, in the state directory `state`.

    Raises HostError when there is no database, or this process may not become that uid.
    """
    with _acting_as(state, uid, gid):
        if not Path(DATABASE).is_file():
            raise HostError(
                f"{state}: Moonfire has no database there yet",
                "make it with `docker compose run --rm moonfire-nvr init` in the project directory",
            )
        directory = os.open("db", os.O_RDONLY | os.O_DIRECTORY)
        try:
            # The server's own lock: flock(2) on the database directory.
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield _Socket(state)
        else:
            with contextlib.closing(sqlite3.connect(DATABASE, timeout=5)) as connection:
                yield _Database(connection, encoding)
        finally:
            os.close(directory)


@contextlib.contextmanager
def _acting_as(state: Path, uid: int, gid: int) -> Iterator[None]:
    """Work inside `state` as Moonfire's uid: the server trusts exactly that one."""
    try:
        # Entered before the ids change: Moonfire may not be allowed to walk the way there. The
        # short relative path also stays within the 108 bytes of a socket address, see unix(7).
        with contextlib.chdir(state):
            if os.geteuid() not in (0, uid):
                raise HostError(
                    f"{state}: belongs to uid {uid}, and you are uid {os.geteuid()}",
                    "run the command again with sudo",
                )
            before = (os.geteuid(), os.getegid())
            if before[0] == 0:
                os.setegid(gid)
                os.seteuid(uid)
            try:
                yield
            finally:
                if before[0] == 0:
                    os.seteuid(before[0])
                    os.setegid(before[1])
    except sqlite3.Error as error:
        raise HostError(
            f"{state / DATABASE}: {error}", "check that Moonfire itself can use its database"
        ) from error
    except (PermissionError, FileNotFoundError) as error:
        raise HostError(
            f"{state}: {error.strerror}",
            "run the command again with sudo, or check moonfire.state_dir",
        ) from error


class _Database:
    """Accounts in Moonfire's SQLite file (schema 7), while its lock is held."""

    def __init__(self, connection: sqlite3.Connection, encoding: Encoding) -> None:
        self.connection = connection
        self.encoding = encoding
        connection.execute("pragma foreign_keys = on")
        (version,) = connection.execute("select max(id) from version").fetchone()
        if version != SCHEMA:
            raise HostError(
                f"Moonfire's database has schema {version}; nvrstack knows schema {SCHEMA}",
                "start the server once with the version of Moonfire that fits, then try again",
            )

    def all(self) -> list[User]:
        rows = self.connection.execute(
            "select id, username, coalesce(json_extract(config, '$.disabled'), 0),"
            " password_hash is not null, permissions from user order by id"
        )
        return [
            User(
                i, name, bool(disabled), bool(hashed), self.encoding.permissions_of(granted or b"")
            )
            for i, name, disabled, hashed, granted in rows
        ]

    def add(self, name: str, password: str, permissions: frozenset[str]) -> None:
        with self.connection:
            self.connection.execute(
                "insert into user (username, config, password_hash, permissions)"
                " values (?, '{}', ?, ?)",
                (
                    name,
                    self.encoding.password_hash(password),
                    self.encoding.permission_bytes(permissions),
                ),
            )

    def set_password(self, user: User, password: str) -> None:
        with self.connection:
            self.connection.execute(
                "update user set password_hash = ?, password_id = password_id + 1,"
                " password_failure_count = 0 where id = ?",
                (self.encoding.password_hash(password), user.id),
            )

    def remove(self, user: User) -> None:
        with self.connection:
            self.connection.execute("delete from user_session where user_id = ?", (user.id,))
            self.connection.execute("delete from user where id = ?", (user.id,))


class _Connection(http.client.HTTPConnection):
    """HTTP over the server's unix socket in the current directory."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_SECONDS)
        self.sock.connect(SOCKET)


class _Socket:
    """Accounts through the running server's users API."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def all(self) -> list[User]:
        entries = self._ask("GET", "/api/users/")["users"]
        return [self._user(entry["id"], entry["user"]) for entry in entries]

    def add(self, name: str, password: str, permissions: frozenset[str]) -> None:
        granted = dict.fromkeys(sorted(permissions), True)
        user = {"username": name, "password": password, "permissions": granted}
        self._ask("POST", "/api/users/", {"user": user})

    def set_password(self, user: User, password: str) -> None:
        self._ask("PATCH", f"/api/users/{user.id}", {"update": {"password": password}})

    def remove(self, user: User) -> None:
        self._ask("DELETE", f"/api/users/{user.id}", {})

    @staticmethod
    def _user(number: int, entry: dict[str, Any]) -> User:
        granted = frozenset(name for name, yes in (entry.get("permissions") or {}).items() if yes)
        return User(
            number,
            entry["username"],
            bool(entry.get("disabled")),
            entry.get("password") is not None,
            granted,
        )

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        # Moonfire cannot read a JSON string with an escape in it here, so nothing that JSON
        # lets through as it is may be escaped.
        text = None if body is None else json.dumps(body, ensure_ascii=False)
        if text is not None and "\\" in text:
            raise InputError(
                'a running Moonfire cannot take a name or password with " or \\ in it',
                "choose another, or stop Moonfire first: docker compose stop moonfire-nvr",
            )
        connection = _Connection("localhost", timeout=TIMEOUT_SECONDS)
        headers = {"Content-Type": "application/json"} if text is not None else {}
        try:
            connection.request(method, path, text.encode() if text is not None else None, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise HostError(
                f"{self.state / SOCKET}: Moonfire holds its database, but does not answer: {error}",
                "it may still be starting; wait a minute and try again",
            ) from error
        finally:
            connection.close()
        if answer.status not in (200, 204):
            told = content.decode(errors="replace").strip().splitlines()
            raise HostError(
                f"Moonfire answered {answer.status}: {told[0] if told else 'no reason'}"
            )
        return json.loads(content) if content else None

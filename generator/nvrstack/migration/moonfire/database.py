"""What Moonfire's database says that decides about a move, as frozen values.

Schema 6 belongs to versions 0.6, schema 7 to 0.7 (upstream: guide/schema.md and db/schema.sql).
No password, hash or URL leaves this module.
"""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from nvrstack.errors import InputError
from nvrstack.services.passwords import permissions_of

TABLES = ("version", "user", "sample_file_dir", "camera", "stream")
"""What is read; none of it is long."""

KNOWN = frozenset({6, 7})
"""The schemas of which more than the number is read."""

HashForm = Literal["current", "0.6", "none"]


@dataclass(frozen=True)
class Account:
    """One user; `hash_form` tells which versions understand the password's hash."""

    name: str
    disabled: bool
    hash_form: HashForm
    permissions: frozenset[str]


@dataclass(frozen=True)
class SampleDirectory:
    """A directory of recordings, by its path as Moonfire sees it. Unused ones are not opened."""

    path: str
    used: bool


@dataclass(frozen=True)
class Stream:
    """One stream of a camera; `host` is the one in its URL, in lower case, None without one."""

    camera: str
    type: str
    host: str | None
    udp: bool
    recorded: bool


@dataclass(frozen=True)
class Database:
    """The database's schema, and what is in it as far as that schema is known here."""

    schema: int
    accounts: tuple[Account, ...] = ()
    directories: tuple[SampleDirectory, ...] = ()
    streams: tuple[Stream, ...] = ()


def read_database(connection: sqlite3.Connection) -> Database:
    """Read an open database. Raises InputError when it is not Moonfire's."""
    try:
        (schema,) = connection.execute("select max(id) from version").fetchone()
        if schema == 7:
            return _schema_7(connection)
        if schema == 6:
            return _schema_6(connection)
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise InputError(
            f"this is no database of Moonfire's: {error}",
            "check which directory Moonfire keeps its database in",
        ) from error
    if not isinstance(schema, int):
        raise InputError(
            "this database has never been completed",
            "let Moonfire make it anew: moonfire-nvr init, with the directory moved away",
        )
    return Database(schema)


def _schema_7(connection: sqlite3.Connection) -> Database:
    users = connection.execute(
        "select username, config, password_hash, permissions from user order by id"
    )
    accounts = tuple(
        Account(
            str(name),
            bool(_json(config).get("disabled")),
            _form(password_hash),
            permissions_of(bytes(permissions or b"")),
        )
        for name, config, password_hash, permissions in users
    )
    directories = connection.execute(
        "select d.config, exists (select 1 from stream s where s.sample_file_dir_id = d.id)"
        " from sample_file_dir d order by d.id"
    )
    streams = connection.execute(
        "select c.short_name, s.type, s.config from camera c join stream s on s.camera_id = c.id"
        " order by c.id, s.type"
    )
    return Database(
        7,
        accounts,
        tuple(
            SampleDirectory(str(_json(c).get("path", "")), bool(used)) for c, used in directories
        ),
        tuple(_stream_7(str(name), str(kind), _json(config)) for name, kind, config in streams),
    )


def _stream_7(camera: str, kind: str, config: dict[str, Any]) -> Stream:
    udp = config.get("rtspTransport") == "udp"
    return Stream(camera, kind, _host(config.get("url")), udp, config.get("mode") == "record")


def _schema_6(connection: sqlite3.Connection) -> Database:
    users = connection.execute(
        "select username, flags, password_hash, permissions from user order by id"
    )
    accounts = tuple(
        Account(str(name), bool(flags & 1), _form(hashed), permissions_of(bytes(granted or b"")))
        for name, flags, hashed, granted in users
    )
    directories = connection.execute(
        "select d.path, exists (select 1 from stream s where s.sample_file_dir_id = d.id)"
        " from sample_file_dir d order by d.id"
    )
    streams = connection.execute(
        "select c.short_name, s.type, s.rtsp_url, s.record from camera c"
        " join stream s on s.camera_id = c.id order by c.id, s.type"
    )
    return Database(
        6,
        accounts,
        tuple(SampleDirectory(str(path), bool(used)) for path, used in directories),
        tuple(
            # The transport was one for all streams then, a flag of the server.
            Stream(str(name), str(kind), _host(url), udp=False, recorded=bool(record))
            for name, kind, url, record in streams
        ),
    )


def _json(text: Any) -> dict[str, Any]:
    found = json.loads(text or "{}")
    return found if isinstance(found, dict) else {}


def _form(password_hash: Any) -> HashForm:
    if not password_hash:
        return "none"
    # 0.6 wrote two dollar signs, which is no PHC string and never matches from 0.7 on
    # (https://github.com/scottlamb/moonfire-nvr/blob/master/CHANGELOG.md).
    return "0.6" if str(password_hash).startswith("$$") else "current"


def _host(url: Any) -> str | None:
    try:
        return urlsplit(str(url or "")).hostname
    except ValueError:
        return None

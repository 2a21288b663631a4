"""The database: opening it, flushing it, and its users."""

from __future__ import annotations

import enum
import os
import sqlite3
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from tests.standins.moonfire import levers
from tests.standins.moonfire.accounts import User, rust_option, user_from_row
from tests.standins.moonfire.h264 import SampleEntry
from tests.standins.moonfire.meta import Open, lock_db_dir
from tests.standins.moonfire.passwords import verify_password
from tests.standins.moonfire.program import MoonfireError, log
from tests.standins.moonfire.schema import VIEWS_OF_6, connect, expected_schema


class Use(enum.Enum):
    """What a database is opened for."""

    SERVE = enum.auto()
    """To be written to; the table `open` gets a row."""
    LOOK = enum.auto()
    UPGRADE = enum.auto()
    """An older schema is no fault."""


class Database:
    """The SQLite database, opened with the `unix-excl` VFS as since v0.7.12.

    One lock guards every use, also while a password is checked: the real server holds its only
    database lock during scrypt, so that a stream of logins slows everything down.
    """

    def __init__(self, db_dir: Path, *, read_only: bool, use: Use = Use.SERVE) -> None:
        self.lock = threading.RLock()
        self.read_only = read_only
        self.failed_logins: dict[int, int] = {}
        self.opened: Open | None = None
        levers.read(db_dir)
        self._fd = lock_db_dir(db_dir, shared=read_only)
        mode = "ReadOnly" if read_only else "ReadWrite"
        log("INFO", f"Opening {db_dir / 'db'} in {mode} mode")
        try:
            self.conn = connect(db_dir / "db", "ro" if read_only else "rw")
            # The exclusive lock is taken with the first transaction, and kept.
            self.conn.execute("select count(*) from sqlite_master").fetchone()
            self.schema = self._checked_schema(use)
            if use is Use.UPGRADE:
                return
            if self.schema == 6:
                self.conn.executescript(VIEWS_OF_6)
            self.uuid: bytes = self.conn.execute("select uuid from meta").fetchone()[0]
            if use is Use.SERVE and not read_only:
                self._insert_open()
        except sqlite3.Error as err:
            raise MoonfireError("UNAVAILABLE", f"{err}: {db_dir / 'db'}") from err

    def _checked_schema(self, use: Use) -> int:
        named = "select count(*) from sqlite_master where name = 'version'"
        if not self.conn.execute(named).fetchone()[0]:
            raise MoonfireError(
                "FAILED_PRECONDITION",
                "no such table: version. If you have never used this database before, "
                "run moonfire-nvr init",
            )
        found: int = self.conn.execute("select max(id) from version").fetchone()[0]
        expected = expected_schema()
        if found != expected and not (use is Use.UPGRADE and found < expected):
            age = "old" if found < expected else "new"
            raise MoonfireError(
                "FAILED_PRECONDITION",
                f"database schema version {found} is too {age} (expected {expected}); "
                "see upgrade instructions in guide/upgrade.md",
            )
        return found

    def _insert_open(self) -> None:
        identity = uuid.uuid4().bytes
        cursor = self.conn.execute(
            "insert into open (uuid, start_time_90k) values (?, ?)",
            (identity, int(time.time() * 90000)),
        )
        self.opened = Open(cursor.lastrowid or 0, identity)

    def sample_entry(self, entry: SampleEntry) -> int:
        """Return the id of a stream's sample entry, which is added where it is not known yet."""
        with self.lock:
            row = self.conn.execute(
                "select id from video_sample_entry where data = ?", (entry.data,)
            ).fetchone()
            if row is not None:
                return int(row[0])
            cursor = self.conn.execute(
                "insert into video_sample_entry (width, height, rfc6381_codec, data)"
                " values (?, ?, ?, ?)",
                (entry.width, entry.height, entry.codec, entry.data),
            )
            return cursor.lastrowid or 0

    def close(self) -> None:
        """Close it, with which SQLite writes the WAL back into it, and release the lock."""
        with self.lock:
            if self.opened is not None:
                self.conn.execute(
                    "update open set end_time_90k = ?1, duration_90k = ?1 - start_time_90k"
                    " where id = ?2",
                    (int(time.time() * 90000), self.opened.id),
                )
            self.conn.close()
            os.close(self._fd)

    def flush(self) -> bool:
        """Do what the real flush does besides recordings: log the hashes of failed logins.

        Tells whether SQLite had a directory for its temporary files.
        """
        if not temporary_directory():
            log(
                "WARN",
                "flush failure on save for reason synchronous deletion; will retry "
                "after 60s: unable to open database file: VFS is unable to determine a suitable "
                "directory for temporary files (code 6410)",
            )
            return False
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
                    "update main.user set password_failure_count = password_failure_count + ? "
                    "where id = ?",
                    (count, user_id),
                )
        return True

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

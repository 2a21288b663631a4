"""Sessions: what a login leaves behind, and a cookie refers to."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from dataclasses import dataclass

from tests.standins.moonfire.accounts import Caller, User
from tests.standins.moonfire.database import Database
from tests.standins.moonfire.passwords import unpadded_base64
from tests.standins.moonfire.permissions import Permissions
from tests.standins.moonfire.program import MoonfireError


@dataclass(frozen=True)
class SessionRequest:
    """What a session remembers about the request that made it."""

    flags: int
    domain: str | None = None
    user_agent: str | None = None


def log_in(db: Database, username: str, password: str, request: SessionRequest) -> bytes:
    """Check a login and open a session; every reason to refuse is UNAUTHENTICATED."""
    with db.lock:
        found = db.users("where username = ?", username)
        try:
            if not found:
                raise MoonfireError("UNAUTHENTICATED", f"no such user {username!r}")
            if found[0].disabled():
                raise MoonfireError("UNAUTHENTICATED", f"user {username!r} is disabled")
            if not db.password_matches(found[0], password):
                raise MoonfireError("UNAUTHENTICATED", "incorrect password")
            return make_session(db, found[0], found[0].permissions, request)
        except sqlite3.OperationalError as err:
            raise MoonfireError("UNAUTHENTICATED", str(err)) from err
        except MoonfireError as err:
            if err.kind == "UNAUTHENTICATED":
                raise
            raise MoonfireError("UNAUTHENTICATED", str(err)) from err


def make_session(
    db: Database, user: User, permissions: Permissions, request: SessionRequest
) -> bytes:
    """Insert a session with its permissions frozen; return the 48 bytes of its cookie."""
    session_id = secrets.token_bytes(48)
    db.conn.execute(
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


def find_session(db: Database, session_id: bytes) -> Caller | None:
    """Return the caller of a valid session, None for an unknown, revoked or disabled one."""
    with db.lock:
        row = db.conn.execute(
            "select user_id, seed, permissions, session_id_hash from user_session "
            "where session_id_hash = ? and revocation_reason is null",
            (session_hash(session_id),),
        ).fetchone()
        if row is None:
            return None
        user = db.user(row[0])
    if user.disabled():
        return None
    csrf = unpadded_base64(hashlib.blake2b(row[3], key=row[1], digest_size=24).digest())
    return Caller(Permissions.from_blob(row[2]), user, csrf)


def revoke_session(db: Database, session_id: bytes) -> None:
    """Mark a session as logged out."""
    with db.lock:
        db.conn.execute(
            "update user_session set revocation_reason = 1, revocation_time_sec = ? "
            "where session_id_hash = ?",
            (int(time.time()), session_hash(session_id)),
        )


def session_hash(session_id: bytes) -> bytes:
    """Return the 24 bytes under which a session is stored (blake2b here, blake3 in Moonfire)."""
    return hashlib.blake2b(session_id, digest_size=24).digest()

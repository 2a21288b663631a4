"""Logging in and out."""

from __future__ import annotations

import hmac

from tests.standins.moonfire.exchange import Exchange
from tests.standins.moonfire.passwords import unpadded_base64
from tests.standins.moonfire.program import MoonfireError
from tests.standins.moonfire.sessions import SessionRequest, find_session, log_in, revoke_session
from tests.standins.moonfire.strict import borrowed, expect, owned


def serve_login(exchange: Exchange) -> None:
    """`POST /api/login`: 204 and a cookie, Secure exactly when the request was."""
    if not exchange.require_method("POST"):
        return
    body = exchange.json_body()
    for key in ("username", "password"):
        if key not in body:
            raise MoonfireError("INVALID_ARGUMENT", f"bad request body: missing field `{key}`")
    username = borrowed(body["username"])
    password: str = owned(expect(body["password"], str, "a string"))
    host = exchange.header("Host")
    if host is None:
        raise MoonfireError("INVALID_ARGUMENT", "missing Host header")
    secure = exchange.secure()
    # Session flags: 1 HttpOnly, 2 Secure, 4 SameSite.
    request = SessionRequest(
        5 | (2 if secure else 0), host.partition(":")[0], exchange.header("User-Agent")
    )
    cookie = unpadded_base64(log_in(exchange.db, username, password, request))
    flag = "Secure; " if secure else ""
    exchange.reply_empty(
        {"Set-Cookie": f"s={cookie}; HttpOnly; {flag}SameSite=Lax; Max-Age=2147483648; Path=/"}
    )


def serve_logout(exchange: Exchange) -> None:
    """`POST /api/logout`: end the session if the csrf token is right."""
    if not exchange.require_method("POST"):
        return
    body = exchange.json_body()
    if "csrf" not in body:
        raise MoonfireError("INVALID_ARGUMENT", "bad request body: missing field `csrf`")
    csrf = borrowed(body["csrf"])
    session_id = exchange.session_id()
    if session_id is None:
        exchange.reply_empty()
        return
    caller = find_session(exchange.db, session_id)
    if caller is not None:
        if not hmac.compare_digest(csrf.encode(), (caller.csrf or "").encode()):
            raise MoonfireError("INVALID_ARGUMENT", "logout with incorrect csrf token")
        revoke_session(exchange.db, session_id)
    exchange.reply_empty({"Set-Cookie": "s=; Max-Age=0; SameSite=Lax; Path=/"})

"""One request and its answer: reading, answering, and who is calling."""

from __future__ import annotations

import base64
import gzip
import http.server
import ipaddress
import os
import re
import socket
import sqlite3
import struct
import urllib.parse
from collections.abc import Callable
from typing import Any

from tests.standins.moonfire.accounts import Caller
from tests.standins.moonfire.database import Database
from tests.standins.moonfire.listener import BindServer
from tests.standins.moonfire.permissions import ALL_PERMISSIONS, Permissions
from tests.standins.moonfire.program import MoonfireError, log, version
from tests.standins.moonfire.sessions import find_session
from tests.standins.moonfire.strict import parse_json

JSON_CONTENT_TYPES = ("application/json", "application/json; charset=UTF-8")
MAX_BODY_BYTES = 1 << 20
# Each kind of error of the real server with the HTTP status that it becomes.
HTTP_STATUS = {
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 412,
    "NOT_FOUND": 404,
}


class Exchange(http.server.BaseHTTPRequestHandler):
    """One request over HTTP/1.x, with keep-alive and no idle timeout."""

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

    def dispatch(self, path: str) -> None:
        """Find what answers a path, and let it answer."""
        raise NotImplementedError

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
            caller = find_session(self.db, session_id)
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

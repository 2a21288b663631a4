"""The live view: who may see it, and numbered parts over a WebSocket."""

from __future__ import annotations

import json
import time
import urllib.parse

from tests.standins.moonfire.cameras import check_stream
from tests.standins.moonfire.exchange import Exchange
from tests.standins.moonfire.program import MoonfireError, log, version
from tests.standins.moonfire.video import virtual_bytes
from tests.standins.moonfire.websocket import WebSocket, websocket_accept

LIVE_PART_BYTES = 100_000
LIVE_PART_SECONDS = 0.2


def serve_live(exchange: Exchange, camera: str, kind: str) -> None:
    """`live.m4s`: origin check, handshake, then everything else inside the WebSocket."""
    denied: MoonfireError | None = None
    try:
        if not exchange.caller().permissions.view_video:
            raise MoonfireError("PERMISSION_DENIED", "view_video required")
        if exchange.db.read_only:
            raise MoonfireError(
                "FAILED_PRECONDITION", "database is read-only; there are no live streams"
            )
        check_stream(exchange.db, camera, kind)
    except MoonfireError as err:
        if version() < (0, 7, 6):
            raise
        denied = err
    check_origin(exchange.header("Origin"), exchange.header("Host"))
    accept = websocket_accept(exchange)
    exchange.close_connection = True
    exchange.respond(
        101,
        {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Accept": accept},
    )
    socket_ = WebSocket(exchange)
    if denied is not None:
        log("ERROR", f"closing with error: {denied}")
        socket_.send(1, json.dumps({"type": "error", "message": str(denied)}).encode())
    else:
        stream_parts(socket_, exchange.db.opened.id if exchange.db.opened else 0)
    socket_.close()


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

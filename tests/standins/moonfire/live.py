"""The live view: who may see it, and its frames over a WebSocket."""

from __future__ import annotations

import json
import queue
import urllib.parse

from tests.standins.moonfire.cameras import find_stream
from tests.standins.moonfire.exchange import Exchange
from tests.standins.moonfire.mp4 import box
from tests.standins.moonfire.program import MoonfireError, log, version
from tests.standins.moonfire.recording import Pushed
from tests.standins.moonfire.streaming import Stream
from tests.standins.moonfire.websocket import WebSocket, websocket_accept

IDLE_SECONDS = 30.0
LOOK_SECONDS = 0.5


def serve_live(exchange: Exchange, camera: str, kind: str) -> None:
    """`live.m4s`: origin check, handshake, then everything else inside the WebSocket."""
    denied: MoonfireError | None = None
    stream_id = 0
    try:
        if not exchange.caller().permissions.view_video:
            raise MoonfireError("PERMISSION_DENIED", "view_video required")
        if exchange.db.read_only:
            raise MoonfireError(
                "FAILED_PRECONDITION", "database is read-only; there are no live streams"
            )
        stream_id, _ = find_stream(exchange.db, camera, kind)
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
        stream_parts(socket_, exchange.server.shared.streams.get(stream_id))
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


def stream_parts(websocket: WebSocket, stream: Stream | None) -> None:
    """Send a part for each frame, and a ping where none has come for 30 s, until the client leaves.

    A stream that is not recorded has no frames at all.
    """
    viewer = queue.SimpleQueue[Pushed]() if stream is None else stream.look()
    idle = 0.0
    try:
        while not websocket.closed.is_set():
            try:
                websocket.send(2, part(viewer.get(timeout=LOOK_SECONDS)))
                idle = 0.0
            except queue.Empty:
                idle += LOOK_SECONDS
                if idle >= IDLE_SECONDS:
                    websocket.send(9, b"")
                    idle = 0.0
    finally:
        if stream is not None:
            stream.look_away(viewer)


def part(frame: Pushed) -> bytes:
    """A part of a live stream (upstream: ref/api.md); its video is one frame in a box."""
    recording = frame.recording
    head = [
        'Content-Type: video/mp4; codecs="avc1.42c01e"',
        f"X-Recording-Start: {recording.start_90k}",
        f"X-Recording-Id: {recording.open_id}.{recording.number}",
        f"X-Media-Time-Range: {frame.start_90k}-{frame.end_90k}",
        f"X-Prev-Media-Duration: {recording.prev_media_90k}",
        f"X-Runs: {recording.prev_runs + (recording.run_offset == 0)}",
        f"X-Video-Sample-Entry-Id: {recording.entry}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + box(b"mdat", frame.data)

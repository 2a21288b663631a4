"""Recordings as `view.mp4`: a virtual file with ranges, validators and a file name."""

from __future__ import annotations

import email.utils
import hashlib
import json

from tests.standins.moonfire.cameras import check_stream, recorded_time
from tests.standins.moonfire.exchange import Exchange
from tests.standins.moonfire.program import MoonfireError
from tests.standins.moonfire.video import (
    VIRTUAL_BLOCK_BYTES,
    parse_ranges,
    virtual_bytes,
    virtual_length,
)

LAST_MODIFIED = 1_767_225_600  # 2026-01-01; the virtual files never change


def serve_list(exchange: Exchange, camera: str, kind: str) -> None:
    """`recordings`: one that is as long as what is recorded, or none."""
    exchange.caller()
    check_stream(exchange.db, camera, kind)
    end = recorded_time(exchange.db, camera, kind)
    found = [{"startId": 1, "startTime90k": 0, "endTime90k": end}] if end else []
    exchange.reply_api(json.dumps({"recordings": found, "videoSampleEntries": {}}))


def serve_view(exchange: Exchange, camera: str, kind: str) -> None:
    """`view.mp4`: a virtual file with ranges, validators and a file name."""
    if not exchange.caller().permissions.view_video:
        raise MoonfireError("PERMISSION_DENIED", "view_video required")
    check_stream(exchange.db, camera, kind)
    if not exchange.require_method("GET", "HEAD"):
        return
    length = virtual_length(exchange.query)
    etag = f'"{hashlib.sha256(f"{camera}/{kind}/{length}".encode()).hexdigest()}"'
    modified = email.utils.formatdate(LAST_MODIFIED, usegmt=True)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": modified,
        "Cache-Control": "private, max-age=3600",
    }
    if (exchange.header("If-Match") or etag) not in ("*", etag):
        raise MoonfireError("FAILED_PRECONDITION", "If-Match does not match")
    if exchange.header("If-None-Match") in ("*", etag):
        exchange.respond(304, headers)
        return
    headers["Content-Type"] = "video/mp4"
    headers["Content-Disposition"] = (
        f'attachment; filename="20260101000000_{camera[:8]}_{kind}.mp4"'
    )
    ranges = None
    if exchange.header("If-Range") in (None, etag, modified):
        ranges = parse_ranges(exchange.header("Range") or "", length)
    send_ranges(exchange, headers, ranges, length)


def send_ranges(
    exchange: Exchange, headers: dict[str, str], ranges: list[tuple[int, int]] | None, length: int
) -> None:
    """Send the whole file (200), parts of it (206), or 416 when no part exists."""
    if ranges is None:
        exchange.respond(200, {**headers, "Content-Length": str(length)})
        send_virtual(exchange, 0, length)
    elif not ranges:
        exchange.respond(416, {**headers, "Content-Range": f"bytes */{length}"})
    elif len(ranges) == 1:
        start, end = ranges[0]
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{length}"
        exchange.respond(206, {**headers, "Content-Length": str(end - start)})
        send_virtual(exchange, start, end)
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
        exchange.respond(206, {**headers, "Content-Length": str(total)})
        for head, (start, end) in zip(heads, ranges, strict=True):
            if exchange.command != "HEAD":
                exchange.wfile.write(head)
            send_virtual(exchange, start, end)
        if exchange.command != "HEAD":
            exchange.wfile.write(tail)


def send_virtual(exchange: Exchange, start: int, end: int) -> None:
    """Send a stretch of the virtual file in pieces of 256 KiB."""
    while start < end and exchange.command != "HEAD":
        piece = virtual_bytes(start, min(end - start, 4 * VIRTUAL_BLOCK_BYTES))
        exchange.wfile.write(piece)
        start += len(piece)

"""Which bytes of a file a client asks for, and sending them."""

from __future__ import annotations

import re

from tests.standins.moonfire.exchange import Exchange
from tests.standins.moonfire.mp4 import Mp4

BOUNDARY = "standin-boundary"


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


def send(exchange: Exchange, file: Mp4, headers: dict[str, str]) -> None:
    """Send the whole file (200), parts of it (206), or 416 when no part exists."""
    ranges = None
    # A date never matches: the file could have changed twice in its second (RFC 9110, 8.8.2.2).
    if exchange.header("If-Range") in (None, headers["ETag"]):
        ranges = parse_ranges(exchange.header("Range") or "", file.length)
    if ranges is None:
        exchange.respond(200, {**headers, "Content-Length": str(file.length)})
        send_bytes(exchange, file, 0, file.length)
    elif not ranges:
        exchange.respond(416, {**headers, "Content-Range": f"bytes */{file.length}"})
    elif len(ranges) == 1:
        start, end = ranges[0]
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.length}"
        exchange.respond(206, {**headers, "Content-Length": str(end - start)})
        send_bytes(exchange, file, start, end)
    else:
        send_several(exchange, file, headers, ranges)


def send_several(
    exchange: Exchange, file: Mp4, headers: dict[str, str], ranges: list[tuple[int, int]]
) -> None:
    """Send several parts in one answer (RFC 9110, 14.6)."""
    heads = [
        f"\r\n--{BOUNDARY}\r\nContent-Type: {headers['Content-Type']}\r\n"
        f"Content-Range: bytes {start}-{end - 1}/{file.length}\r\n\r\n".encode()
        for start, end in ranges
    ]
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    total = sum(map(len, heads)) + sum(end - start for start, end in ranges) + len(tail)
    headers["Content-Type"] = f"multipart/byteranges; boundary={BOUNDARY}"
    exchange.respond(206, {**headers, "Content-Length": str(total)})
    if exchange.command != "HEAD":
        for head, (start, end) in zip(heads, ranges, strict=True):
            exchange.wfile.write(head)
            send_bytes(exchange, file, start, end)
        exchange.wfile.write(tail)


def send_bytes(exchange: Exchange, file: Mp4, start: int, end: int) -> None:
    """Send a stretch of the file, unless only the head was asked for."""
    if exchange.command != "HEAD":
        for piece in file.read(start, end):
            exchange.wfile.write(piece)

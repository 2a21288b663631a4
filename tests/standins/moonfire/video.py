"""Video that is a pure function of its offset, and which parts of it a client asks for."""

from __future__ import annotations

import hashlib
import os
import re
import struct
import urllib.parse

from tests.standins.moonfire.program import MoonfireError


def _block_pattern() -> bytes:
    return b"".join(hashlib.sha256(b"nvrstack %d" % i).digest() for i in range(2048))


VIRTUAL_BLOCK_BYTES = 65536
_BLOCK = _block_pattern()


def virtual_bytes(offset: int, length: int) -> bytes:
    """Return bytes of the virtual video: a fixed 64 KiB block, headed by its block number.

    The number makes a misplaced block visible; everything is a pure function of the offset.
    """
    first = offset // VIRTUAL_BLOCK_BYTES
    last = (offset + max(length, 1) - 1) // VIRTUAL_BLOCK_BYTES
    data = b"".join(struct.pack(">Q", n) + _BLOCK[8:] for n in range(first, last + 1))
    start = offset - first * VIRTUAL_BLOCK_BYTES
    return data[start : start + length]


def virtual_length(query: str) -> int:
    """Return the length of a view.mp4: `s=BYTES`, else STANDIN_MP4_BYTES, else 1 GiB."""
    length = int(os.environ.get("STANDIN_MP4_BYTES") or 1 << 30)
    for key, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
        if key == "s":
            if value.isascii() and value.isdigit():
                length = int(value)
            elif re.fullmatch(r"\d+-\d+(@\d+)?(\.\d*-\d*)?", value) is None:
                raise MoonfireError("INVALID_ARGUMENT", f"invalid s parameter: {value}")
        elif key != "ts":
            raise MoonfireError("INVALID_ARGUMENT", f"parameter {key} not understood")
    return length


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

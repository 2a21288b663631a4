"""Recordings of the past, in a database and in a directory, whose every byte a test knows.

No decoder could show them: they are there to be listed, downloaded, moved and kept.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.moonfire.rows import schema
from tests.standins.moonfire.meta import DirMeta, Open

UNITS = 90_000
"""Of Moonfire's clock, a second."""
BLOCK = 1 << 16
_PATTERN = b"".join(hashlib.sha256(b"nvrstack %d" % i).digest() for i in range(2048))
CODEC = "avc1.42c01e"
_PARAMETER_SETS = (bytes.fromhex("6742c01ed90280f680"), bytes.fromhex("68cb83cb20"))
WIDTH, HEIGHT = 640, 480


def known_bytes(offset: int, length: int) -> bytes:
    """The bytes of a known recording: blocks of 64 KiB, each headed by its number."""
    first, last = offset // BLOCK, (offset + max(length, 1) - 1) // BLOCK
    data = b"".join(struct.pack(">Q", number) + _PATTERN[8:] for number in range(first, last + 1))
    start = offset - first * BLOCK
    return data[start : start + length]


@dataclass(frozen=True)
class Past:
    """One recording: `seconds` of one frame each, from `start` (seconds of Unix time) on."""

    start: int
    seconds: int
    frame_bytes: int

    @property
    def size(self) -> int:
        """Bytes of its file."""
        return self.seconds * self.frame_bytes


def add_past(
    connection: sqlite3.Connection, stream: int, directory: Path, recordings: list[Past]
) -> list[Path]:
    """Add recordings of one run to a stream without any; return the files that hold them.

    The stream's directory is found at `directory`, and no other stream has recordings there.
    Read one after the other, the files have `known_bytes` from the first to the last.
    """
    opened = _opened(connection, stream, directory)
    entry = _sample_entry(connection)
    files, offset, duration = [], 0, 0
    for number, past in enumerate(recordings):
        identity = stream << 32 | number
        end = {} if schema(connection) == 6 else {"end_reason": None}
        row_of = {
            "composite_id": identity, "open_id": opened, "stream_id": stream,
            "run_offset": number, "flags": 0, "sample_file_bytes": past.size,
            "start_time_90k": past.start * UNITS, "prev_media_duration_90k": duration,
            "prev_runs": min(number, 1), "wall_duration_90k": past.seconds * UNITS,
            "media_duration_delta_90k": 0, "video_samples": past.seconds,
            "video_sync_samples": past.seconds, "video_sample_entry_id": entry, **end,
        }  # fmt: skip
        names, places = ", ".join(row_of), ", ".join("?" * len(row_of))
        connection.execute(
            f"insert into recording ({names}) values ({places})", tuple(row_of.values())
        )
        connection.execute(
            "insert into recording_playback values (?, ?)", (identity, b"".join(_index(past)))
        )
        connection.execute("insert into recording_integrity (composite_id) values (?)", (identity,))
        files.append(directory / f"{identity:016x}")
        with files[-1].open("wb") as file:
            for start in range(offset, offset + past.size, 1 << 22):
                file.write(known_bytes(start, min(1 << 22, offset + past.size - start)))
        offset, duration = offset + past.size, duration + past.seconds * UNITS
    connection.execute(
        "update stream set cum_recordings = ?, cum_media_duration_90k = ?, cum_runs = 1"
        " where id = ?",
        (len(recordings), duration, stream),
    )
    return files


def _opened(connection: sqlite3.Connection, stream: int, directory: Path) -> int:
    """Let a server have opened the database and the directory of a stream; return which time."""
    identity = os.urandom(16)
    number = connection.execute("insert into open (uuid) values (?)", (identity,)).lastrowid or 0
    (database,) = connection.execute("select uuid from meta").fetchone()
    place, dir_uuid = connection.execute(
        "select d.id, d.uuid from stream s join sample_file_dir d on d.id = s.sample_file_dir_id"
        " where s.id = ?",
        (stream,),
    ).fetchone()
    connection.execute(
        "update sample_file_dir set last_complete_open_id = ? where id = ?", (number, place)
    )
    DirMeta(database, dir_uuid, last_complete_open=Open(number, identity)).write(directory)
    return number


def _index(past: Past) -> Iterator[bytes]:
    """Each frame as upstream's design/schema.md has it: changes of duration and of size."""
    before = (0, 0)
    for _ in range(past.seconds):
        now = (UNITS, past.frame_bytes)
        yield _varint(_zigzag(now[0] - before[0]) << 1 | 1) + _varint(_zigzag(now[1] - before[1]))
        before = now


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _sample_entry(connection: sqlite3.Connection) -> int:
    """Add the description of the frames, as ISO/IEC 14496-12 and -15 have it."""
    sps, pps = _PARAMETER_SETS
    record = bytes([1, *sps[1:4], 0xFF, 0xE1]) + struct.pack(">H", len(sps)) + sps
    record += b"\x01" + struct.pack(">H", len(pps)) + pps
    avcc = struct.pack(">I", 8 + len(record)) + b"avcC" + record
    head = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", WIDTH, HEIGHT)
    head += bytes.fromhex("0048000000480000") + bytes(4) + b"\0\1" + bytes(32) + b"\0\x18\xff\xff"
    data = struct.pack(">I", 8 + len(head) + len(avcc)) + b"avc1" + head + avcc
    row = connection.execute(
        "insert into video_sample_entry (width, height, rfc6381_codec, data) values (?, ?, ?, ?)",
        (WIDTH, HEIGHT, CODEC, data),
    )
    return row.lastrowid or 0

"""One recording: its file, its index, and the rows that make it a part of the database.

Upstream: design/schema.md, server/db/writer.rs. Wall time and media time are the same here.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from tests.standins.moonfire.h264 import Frame
from tests.standins.moonfire.protobuf import varint

TRAILING_ZERO = 1


@dataclass(frozen=True)
class Pushed:
    """A frame that has its place in a recording: from when to when, in 1/90,000 s."""

    recording: Recording
    start_90k: int
    end_90k: int
    is_key: bool
    data: bytes


@dataclass
class Recording:
    """What is being recorded, or was and is not in the database yet."""

    stream: int
    number: int
    open_id: int
    run_offset: int
    start_90k: int
    prev_media_90k: int
    prev_runs: int
    entry: int
    directory: Path
    growing: bool = True
    flags: int = 0
    end_reason: str | None = None
    bytes: int = 0
    duration_90k: int = 0
    samples: int = 0
    key_samples: int = 0
    index: bytearray = field(default_factory=bytearray)
    _before: tuple[int, dict[bool, int]] = (0, {})
    _unfinished: Frame | None = None
    _file: int = -1

    @property
    def identity(self) -> int:
        """Its number in the database: the stream's, and its own in the lower 32 bits."""
        return self.stream << 32 | self.number

    @property
    def path(self) -> Path:
        """Its file."""
        return self.directory / f"{self.identity:016x}"

    def write(self, frame: Frame) -> Pushed | None:
        """Take a frame; return the one before, of which it is known now how long it is shown."""
        pushed = None
        if self._file < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            self._file = os.open(self.path, flags, 0o600)
        if self._unfinished is not None:
            pushed = self._push(self._unfinished, frame.pts_90k - self._unfinished.pts_90k)
        self._unfinished = frame
        os.write(self._file, frame.data)
        self.bytes += len(frame.data)
        return pushed

    def finish(self, next_pts_90k: int | None, reason: str | None = None) -> Pushed:
        """End it: with the moment of the frame that follows in the next one, or with a reason."""
        assert self._unfinished is not None, "a recording has one frame at least"
        if next_pts_90k is None:
            self.flags |= TRAILING_ZERO
            self.end_reason = reason
            pushed = self._push(self._unfinished, 0)
        else:
            pushed = self._push(self._unfinished, next_pts_90k - self._unfinished.pts_90k)
        self._unfinished = None
        self.growing = False
        os.fsync(self._file)
        os.close(self._file)
        return pushed

    def _push(self, frame: Frame, duration: int) -> Pushed:
        start = self.duration_90k
        before, sizes = self._before
        size = len(frame.data)
        sign = zigzag(duration - before) << 1 | frame.is_key
        self.index += varint(sign) + varint(zigzag(size - sizes.get(frame.is_key, 0)))
        self._before = duration, {**sizes, frame.is_key: size}
        self.duration_90k += duration
        self.samples += 1
        self.key_samples += frame.is_key
        return Pushed(self, start, self.duration_90k, frame.is_key, frame.data)

    def insert(self, conn: sqlite3.Connection, *, end_reasons: bool) -> None:
        """Make it a part of the database, within the caller's transaction."""
        values: tuple[object, ...] = (
            self.identity, self.open_id, self.stream, self.run_offset, self.flags, self.bytes,
            self.start_90k, self.prev_media_90k, self.prev_runs, self.duration_90k, 0,
            self.samples, self.key_samples, self.entry,
        )  # fmt: skip
        if end_reasons:
            values = (*values, self.end_reason)
        conn.execute(f"insert into recording values ({', '.join('?' * len(values))})", values)
        conn.execute("insert into recording_integrity (composite_id) values (?)", (self.identity,))
        conn.execute(
            "insert into recording_playback values (?, ?)", (self.identity, bytes(self.index))
        )
        conn.execute(
            "update main.stream set cum_recordings = ?, cum_runs = cum_runs + ?,"
            " cum_media_duration_90k = cum_media_duration_90k + ? where id = ?",
            (self.number + 1, self.run_offset == 0, self.duration_90k, self.stream),
        )


def zigzag(number: int) -> int:
    """A signed number as an unsigned one of about its size."""
    return number << 1 if number >= 0 else (-number << 1) - 1

"""What was recorded, and what is missing, from a database that a server may have."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.moonfire.past import UNITS

SAMPLE_FILE = re.compile("[0-9a-f]{16}")
PARTS = ("db", "db-wal", "db-journal")
ATTEMPTS = 20


@dataclass(frozen=True)
class Recorded:
    """A recording that the database knows: a stream's video between two moments of Unix time."""

    stream: int
    number: int
    open_id: int
    start: float
    end: float


@contextmanager
def copied(directory: Path) -> Iterator[sqlite3.Connection]:
    """A copy of a database: the server lets nobody else in, and its log holds the newest rows."""
    with tempfile.TemporaryDirectory() as folder:
        for attempt in range(ATTEMPTS):
            before = _state(directory)
            for part in PARTS:
                if (directory / part).exists():
                    shutil.copy(directory / part, Path(folder) / part)
            with closing(sqlite3.connect(Path(folder) / "db")) as connection:
                whole = before == _state(directory)
                if whole and connection.execute("pragma quick_check").fetchone() == ("ok",):
                    yield connection
                    return
            assert attempt < ATTEMPTS - 1, f"{directory}: no copy is whole"
            time.sleep(0.05)


def _state(directory: Path) -> list[tuple[int, int]]:
    found = [(directory / part) for part in PARTS if (directory / part).exists()]
    return [(path.stat().st_mtime_ns, path.stat().st_size) for path in found]


def recordings(directory: Path) -> list[Recorded]:
    """What the database in `directory` knows to be recorded, by stream and time."""
    query = (
        "select stream_id, composite_id & 0xffffffff, open_id, start_time_90k,"
        " start_time_90k + wall_duration_90k from recording order by stream_id, start_time_90k"
    )
    with copied(directory) as connection:
        rows = connection.execute(query).fetchall()
    return [
        Recorded(stream, number, opened, start / UNITS, end / UNITS)
        for stream, number, opened, start, end in rows
    ]


def gaps(found: list[Recorded], since: float) -> dict[int, float]:
    """The seconds of video that each stream lacks between `since` and its newest recording."""
    missing: dict[int, float] = {}
    ends: dict[int, float] = {}
    for one in found:
        before = ends.get(one.stream)
        if before is not None and one.end > since:
            missing[one.stream] = missing.get(one.stream, 0.0) + max(0.0, one.start - before)
        ends[one.stream] = max(one.end, before or 0.0)
    return missing


def written(directory: Path) -> dict[int, float]:
    """When each stream's newest bytes of video came into a directory: Unix time, by stream."""
    moments: dict[int, float] = {}
    for path in directory.iterdir():
        # A file that is too much may go at any moment.
        with suppress(FileNotFoundError):
            if SAMPLE_FILE.fullmatch(path.name):
                stream = int(path.name, 16) >> 32
                moments[stream] = max(moments.get(stream, 0.0), path.stat().st_mtime)
    return moments


def last_written(directory: Path) -> float:
    """When the newest bytes of video came into a directory: Unix time, or 0."""
    return max(written(directory).values(), default=0.0)


def written_after(directory: Path, moment: float) -> set[int]:
    """The streams of which video was written after a moment of Unix time."""
    return {stream for stream, newest in written(directory).items() if newest > moment}

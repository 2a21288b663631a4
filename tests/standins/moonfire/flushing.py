"""Completed recordings on their way into the database, and old ones on their way out of it.

Upstream: server/db/lifecycle.rs, `flushIfSec` and `retainBytes` of ref/config.md.
"""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from tests.standins.moonfire.database import Database
from tests.standins.moonfire.program import log
from tests.standins.moonfire.recording import Recording

RETRY_SECONDS = 60.0


UNITS = 90_000


class Flusher:
    """Takes completed recordings, and commits them when they are due."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.pending: list[Recording] = []
        self._retain: dict[int, int] = {}
        self._due = math.inf
        self._changed = threading.Condition()
        self._stopped = False

    def counters(self, stream: int) -> tuple[int, int, int]:
        """How many recordings, how much of them and how many runs a stream has completed."""
        with self.db.lock:
            row = self.db.conn.execute(
                "select cum_recordings, cum_media_duration_90k, cum_runs from stream where id = ?",
                (stream,),
            ).fetchone()
        number, media, runs = row
        mine = [one for one in self.pending if one.stream == stream]
        return (
            number + len(mine),
            media + sum(one.duration_90k for one in mine),
            runs + sum(one.run_offset == 0 for one in mine),
        )

    def completed(self, recording: Recording, config: dict[str, Any]) -> None:
        """Take a completed recording; it is committed `flushIfSec` after its start at most."""
        with self._changed:
            self.pending.append(recording)
            self._retain[recording.stream] = int(config.get("retainBytes", 0))
            wait = float(config.get("flushIfSec", 0)) - recording.duration_90k / UNITS
            if wait <= 0:
                self.flush()
            else:
                self._due = min(self._due, time.monotonic() + wait)
                self._changed.notify()

    def run(self) -> None:
        """Flush whenever it is due, until `stop`; then once more."""
        with self._changed:
            self.flush()
            while not self._stopped:
                left = self._due - time.monotonic()
                self._changed.wait(None if left == math.inf else max(0.0, left))
                if self._stopped or time.monotonic() >= self._due:
                    self.flush()

    def stop(self) -> None:
        """End `run`."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def flush(self) -> None:
        """Commit what is pending, and delete what is more than is to be kept."""
        self._due = time.monotonic() + RETRY_SECONDS
        if not self.db.flush():
            return
        with self.db.lock:
            conn = self.db.conn
            try:
                conn.execute("begin immediate")
                doomed = [row for stream in self._retain for row in self._over(stream)]
                for recording in self.pending:
                    recording.insert(conn, end_reasons=self.db.schema > 6)
                conn.execute("commit")
            except sqlite3.Error as err:
                conn.execute("rollback")
                log("WARN", f"flush failure on save; will retry after 60s: {err}")
                return
            self.pending.clear()
            self._due = math.inf
            for path, identity in doomed:
                path.unlink(missing_ok=True)
                conn.execute("delete from garbage where composite_id = ?", (identity,))

    def _over(self, stream: int) -> list[tuple[Path, int]]:
        """Delete a stream's oldest recordings for those that come; return their files and ids.

        What comes is never deleted at once, however little is to be kept.
        """
        conn = self.db.conn
        rows = conn.execute(
            "select composite_id, sample_file_bytes from recording where stream_id = ?"
            " order by composite_id",
            (stream,),
        ).fetchall()
        directory, path = conn.execute(
            "select d.id, json_extract(d.config, '$.path') from stream s"
            " join sample_file_dir d on d.id = s.sample_file_dir_id where s.id = ?",
            (stream,),
        ).fetchone()
        coming = sum(on_disk(one.bytes) for one in self.pending if one.stream == stream)
        excess = sum(on_disk(size) for _, size in rows) + coming - self._retain[stream]
        doomed = []
        for identity, size in rows:
            if excess <= 0:
                break
            excess -= on_disk(size)
            for table in ("recording_playback", "recording_integrity", "recording"):
                conn.execute(f"delete from {table} where composite_id = ?", (identity,))
            conn.execute("insert into garbage values (?, ?)", (directory, identity))
            doomed.append((Path(path) / f"{identity:016x}", identity))
        return doomed


def on_disk(size: int) -> int:
    """What a file of so many bytes takes of a disk whose blocks are of 4 KiB."""
    return -(-size // 4096) * 4096

"""Completed recordings on their way into the database, and old ones on their way out of it.

Upstream: server/db/lifecycle.rs, `flushIfSec` and `retainBytes` of ref/config.md.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from tests.standins.moonfire.database import Database
from tests.standins.moonfire.program import log
from tests.standins.moonfire.recording import Recording

FLUSH_SECONDS = 60.0


class Flusher:
    """Takes completed recordings, and commits them when they are due."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.pending: list[Recording] = []
        self._retain: dict[int, int] = {}
        self._due = time.monotonic() + FLUSH_SECONDS
        self._changed = threading.Condition()
        self._stopped = False
        self._committed: dict[int, tuple[int, int, int]] = {}

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
        """Take a completed recording; it is committed `flushIfSec` later at most."""
        with self._changed:
            self.pending.append(recording)
            self._retain[recording.stream] = int(config.get("retainBytes", 0))
            wait = float(config.get("flushIfSec", 0))
            if wait == 0:
                self.flush()
            else:
                self._due = min(self._due, time.monotonic() + wait)
                self._changed.notify()

    def run(self) -> None:
        """Flush whenever it is due, until `stop`; then once more."""
        with self._changed:
            self.flush()
            while not self._stopped:
                self._changed.wait(max(0.0, self._due - time.monotonic()))
                if self._stopped or time.monotonic() >= self._due:
                    self.flush()

    def stop(self) -> None:
        """End `run`."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def flush(self) -> None:
        """Commit what is pending, and delete what is more than is to be kept."""
        self._due = time.monotonic() + FLUSH_SECONDS
        if not self.db.flush():
            return
        with self.db.lock:
            conn = self.db.conn
            try:
                conn.execute("begin immediate")
                for recording in self.pending:
                    recording.insert(conn, end_reasons=self.db.schema > 6)
                doomed = [row for stream in self._retain for row in self._over(stream)]
                conn.execute("commit")
            except sqlite3.Error as err:
                conn.execute("rollback")
                log("WARN", f"flush failure on save; will retry after 60s: {err}")
                return
            self.pending.clear()
            for path, identity in doomed:
                path.unlink(missing_ok=True)
                conn.execute("delete from garbage where composite_id = ?", (identity,))

    def _over(self, stream: int) -> list[tuple[Path, int]]:
        """Delete a stream's oldest recordings until the others fit; return their files and ids."""
        conn = self.db.conn
        rows = conn.execute(
            "select composite_id, sample_file_bytes from recording where stream_id = ?"
            " order by composite_id desc",
            (stream,),
        ).fetchall()
        directory, path = conn.execute(
            "select d.id, json_extract(d.config, '$.path') from stream s"
            " join sample_file_dir d on d.id = s.sample_file_dir_id where s.id = ?",
            (stream,),
        ).fetchone()
        doomed, kept = [], 0
        for identity, size in rows:
            kept += size
            if kept > self._retain[stream]:
                for table in ("recording_playback", "recording_integrity", "recording"):
                    conn.execute(f"delete from {table} where composite_id = ?", (identity,))
                conn.execute("insert into garbage values (?, ?)", (directory, identity))
                doomed.append((Path(path) / f"{identity:016x}", identity))
        return doomed

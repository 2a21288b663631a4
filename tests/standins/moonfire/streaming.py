"""A recorded stream: from the camera into recordings, and to those who look live.

Upstream: server/src/streamer.rs, server/db/stream/mod.rs.
"""

from __future__ import annotations

import queue
import random
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.standins.moonfire.database import Database
from tests.standins.moonfire.flushing import Flusher
from tests.standins.moonfire.levers import lever, seconds
from tests.standins.moonfire.program import MoonfireError, log
from tests.standins.moonfire.recording import Pushed, Recording
from tests.standins.moonfire.rtsp import Session

UNITS = 90_000
RETRY_SECONDS = 1.0


@dataclass
class Stream:
    """One stream that is recorded."""

    id: int
    name: str
    config: dict[str, Any]
    camera: dict[str, Any]
    directory: Path
    offset_seconds: float
    db: Database
    flusher: Flusher
    stop: threading.Event
    current: Recording | None = None
    _session: Session | None = None
    _recent: list[Pushed] = field(default_factory=list)
    _viewers: list[queue.SimpleQueue[Pushed]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        url = self.config.get("url")
        if not url:
            raise MoonfireError("INVALID_ARGUMENT", "stream has no RTSP URL")
        parts = urllib.parse.urlsplit(url)
        if parts.username or parts.password is not None:
            raise MoonfireError("INVALID_ARGUMENT", "RTSP URL shouldn't include credentials")
        if self.config.get("rtspTransport", "tcp") not in ("tcp", ""):
            log("WARN", f"{self.name}: the stand-in speaks RTSP by TCP alone")

    def run(self) -> None:
        """Record until the end of the server; after an error, a second is slept out."""
        while not self.stop.is_set():
            try:
                self._run_once()
            except MoonfireError as err:
                log("WARN", f"sleeping for 1 s after error err={err}", f"streamer{{{self.name}}}")
                time.sleep(RETRY_SECONDS)
        log("INFO", "shutting down", f"streamer{{{self.name}}}")

    def interrupt(self) -> None:
        """Let what waits for the camera see that the server ends."""
        if self._session is not None:
            self._session.teardown()

    def _run_once(self) -> None:
        url = self.config["url"]
        log("INFO", f"opening input url={url}", f"streamer{{{self.name}}}")
        self._session = Session(
            url, self.camera.get("username", ""), self.camera.get("password", "")
        )
        if self.stop.is_set():
            self._session.teardown()
            raise MoonfireError("CANCELLED", "shutdown")
        entry = self.db.sample_entry(self._session.entry)
        try:
            self._record(self._session, entry)
        except MoonfireError as err:
            if not self.stop.is_set():
                self._end(str(err))
                raise
            self._end_with_server()
        finally:
            self._session.close()

    def _record(self, session: Session, entry: int) -> None:
        interval = seconds("recording_seconds")
        rotate_at, run_offset = 0.0, 0
        for frame in session.frames():
            now = time.time()
            if self.current is None and not frame.is_key:
                continue
            if self.current is not None and now >= rotate_at and frame.is_key:
                done = self.current
                self._show(done.finish(frame.pts_90k))
                self.flusher.completed(done, self.config)
                start_90k, run_offset = done.start_90k + done.duration_90k, run_offset + 1
                rotate_at = self._rotation(now, interval)
                self.current = self._begin(start_90k, run_offset, entry)
            elif self.current is None:
                # The first one of a run lasts until the rotation after the next one.
                rotate_at = self._rotation(now, interval) + interval
                self.current = self._begin(int(now * UNITS), 0, entry)
            self._show(self.current.write(frame))

    def _rotation(self, now: float, interval: float) -> float:
        moment = now - now % interval + self.offset_seconds
        return moment if moment > now else moment + interval

    def _begin(self, start_90k: int, run_offset: int, entry: int) -> Recording:
        opened = self.db.opened
        assert opened is not None, "a read-only server records nothing"
        number, media, runs = self.flusher.counters(self.id)
        return Recording(
            self.id, number, opened.id, run_offset, start_90k, media, runs, entry, self.directory
        )

    def _end(self, reason: str) -> None:
        """The stream has ended by itself: what was recorded is finished at once."""
        done, self.current = self.current, None
        if done is not None:
            done.finish(None, reason)
            self.flusher.completed(done, self.config)

    def _end_with_server(self) -> None:
        """What was being recorded is kept or lost, as the lever says."""
        done, self.current = self.current, None
        if done is None:
            return
        done.finish(None, "NVR shutdown")
        way = lever("stop")
        # Upstream's own proportion in four stops of two streams: 2 of 8.
        if way == "kept" or (way == "race" and random.random() < 0.25):
            self.flusher.completed(done, self.config)

    def _show(self, frame: Pushed | None) -> None:
        if frame is None:
            return
        with self._lock:
            if frame.is_key:
                self._recent.clear()
            self._recent.append(frame)
            for viewer in self._viewers:
                viewer.put(frame)

    def look(self) -> queue.SimpleQueue[Pushed]:
        """Begin to look live, from the newest key frame on."""
        viewer: queue.SimpleQueue[Pushed] = queue.SimpleQueue()
        with self._lock:
            for shown in self._recent if self.current else ():
                viewer.put(shown)
            self._viewers.append(viewer)
        return viewer

    def look_away(self, viewer: queue.SimpleQueue[Pushed]) -> None:
        """End that."""
        with self._lock:
            self._viewers.remove(viewer)

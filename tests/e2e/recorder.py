"""What a Moonfire records, seen from outside: its directory's files, and its database."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.bed.camera import RtspCamera
from tests.e2e.waiting import wait_until
from tests.moonfire.recorded import Recorded, copied, last_written, recordings, written_after
from tests.moonfire.rows import schema

NOW_SECONDS = 2.0
"""Twice as long as a stream pauses after an error."""
COMMIT_SECONDS = 60
LONGEST_SECONDS = 120
"""Of a recording: the first of a run."""


@dataclass(frozen=True)
class Recorder:
    """A database and the one directory into which it records."""

    database: Path
    samples: Path
    camera: RtspCamera

    def records(self) -> bool:
        """Whether video was written within the last seconds."""
        return time.time() - last_written(self.samples) < NOW_SECONDS

    def recorded_after(self, moment: float) -> bool:
        """Whether video was written after a moment of Unix time."""
        return last_written(self.samples) > moment

    def finished(self) -> list[Recorded]:
        """All recordings, after what is in progress was finished.

        The camera hangs up: Moonfire finishes what it has of a stream that ends, and commits it.
        """
        streams = self.streams()
        begun = time.time()
        wait_until(
            "all streams' recording",
            lambda: written_after(self.samples, begun) >= streams,
            seconds=COMMIT_SECONDS,
            every=0.1,
        )
        ended = time.time()
        self.camera.hang_up()

        def committed() -> list[Recorded] | None:
            found = [one for one in recordings(self.database) if one.stream in streams]
            late = {one.stream for one in found if one.end > ended - 1.0}
            return found if late == streams else None

        found = wait_until("the recordings' end", committed, seconds=COMMIT_SECONDS)
        wait_until("recording to go on", lambda: self.recorded_after(ended + 0.5), seconds=60)
        return found

    def streams(self) -> set[int]:
        """The streams of the camera, by the database's numbers."""
        with copied(self.database) as connection:
            url = "rtsp_url" if schema(connection) == 6 else "json_extract(config, '$.url')"
            rows = connection.execute(f"select id, {url} from stream").fetchall()
        return {number for number, url in rows if url in self.camera.urls.values()}

    def longest_gap(self, began: float, before: float = LONGEST_SECONDS) -> float:
        """The longest time that any stream lacks between `began` and now, in seconds.

        Read from the recordings: what was lost of one is missing, whenever it was recorded; but
        not what is missing since longer than `before` seconds ahead of `began`.
        """
        found = self.finished()
        return max(gap for stream in {one.stream for one in found} for gap in _gaps(
            [one for one in found if one.stream == stream], began, before
        ))  # fmt: skip


def _gaps(found: list[Recorded], began: float, before: float) -> list[float]:
    # What was lost before is no longer than a recording, however old the one before it is.
    since = began - before
    pairs = pairwise(found)
    return [0.0, *(new.start - max(old.end, since) for old, new in pairs if new.start > began)]

"""Whether Moonfire records: when each directory last got a recording, and how full its disk is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nvrstack.checks.verdict import Level, Verdict, in_words

STALE = timedelta(minutes=5)
"""Moonfire begins a new file for each stream once a minute (upstream: design/schema.md)."""
SPARE_BYTES = 1024**3
"""What must stay free beside the recordings (upstream: guide/troubleshooting.md)."""
GIB = 1024**3


@dataclass(frozen=True)
class SampleDirectory:
    """A directory of recordings; `last` is when a recording was begun or deleted there."""

    path: str
    last: datetime
    holds_recordings: bool
    free_bytes: int
    total_bytes: int


def recording_verdicts(found: Sequence[SampleDirectory] | None, now: datetime) -> Iterator[Verdict]:
    """A verdict for each directory; `found` is None when this user may not look."""
    if found is None:
        text = "could not be told: only Moonfire's own user and root may look at recordings"
        yield Verdict("recordings", Level.UNKNOWN, text, "sudo nvrstack status")
    elif not found:
        yield Verdict(
            "recordings",
            Level.WARNING,
            "Moonfire has no directory for recordings yet",
            "docker compose stop moonfire-nvr && docker compose run --rm moonfire-nvr config",
        )
    else:
        yield from (_verdict(directory, now) for directory in found)


def _verdict(directory: SampleDirectory, now: datetime) -> Verdict:
    about = f"recordings {directory.path}"
    free = f"{directory.free_bytes / GIB:.0f} of {directory.total_bytes / GIB:.0f} GiB free"
    age = now - directory.last
    if not directory.holds_recordings:
        return Verdict(
            about, Level.WARNING, f"nothing is recorded here yet; {free}",
            "in Moonfire's `config`, let a stream record to it",
        )  # fmt: skip
    text = f"last one begun {in_words(age)} ago; {free}"
    if age > STALE:
        return Verdict(about, Level.PROBLEM, text, "docker compose logs moonfire-nvr")
    if directory.free_bytes < SPARE_BYTES:
        return Verdict(
            about, Level.WARNING, text,
            "lower the retention in Moonfire's `config`: a full disk ends all recording",
        )  # fmt: skip
    return Verdict(about, Level.FINE, text)

"""Who may read a file, at each moment that something happens to it: inotify(7)."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import IO

from tests.bed.process import end, wait_for

EVENTS = "create,attrib,modify,moved_to"


@dataclass(frozen=True)
class Event:
    """What happened to a file, and its mode then; no mode if it was gone already."""

    kinds: str
    path: Path
    mode: int | None


@dataclass
class Seen:
    """Everything that happened below a directory."""

    events: list[Event] = field(default_factory=list)

    def read(self, stream: IO[str]) -> None:
        """Take down each event as it is told."""
        for line in stream:
            kinds, _, name = line.rstrip("\n").partition(" ")
            path = Path(name)
            try:
                mode = path.stat(follow_symlinks=False).st_mode & 0o777
            except FileNotFoundError:
                mode = None
            self.events.append(Event(kinds, path, mode))

    def of(self, name: str) -> list[Event]:
        """What happened to files of that name."""
        return [event for event in self.events if event.path.name == name]


@contextmanager
def watched(directory: Path) -> Iterator[Seen]:
    """Watch all files below a directory, those in new directories, too."""
    words = ["inotifywait", "--monitor", "--recursive", "--format", "%e %w%f", "--event", EVENTS]
    process = subprocess.Popen(
        [*words, str(directory)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    seen = Seen()
    reader = Thread(target=seen.read, args=[process.stdout])
    try:
        told = [process.stderr.readline(), process.stderr.readline()]
        assert told[-1] == "Watches established.\n", told
        reader.start()
        yield seen
    finally:
        end([process.pid], seconds=2)
        process.wait(timeout=5)
        assert wait_for(lambda: not reader.is_alive(), seconds=60)
        process.stdout.close()
        process.stderr.close()

"""Connections that last: a live view, and a download. Both are programs in the background."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.bed.process import end
from tests.e2e.project import FIRST_CLIENT, Project
from tests.e2e.waiting import wait_until
from tests.moonfire.past import Past, known_bytes

CLIENT = Path(__file__).with_name("live_client.py")
CAMERA = "/api/cameras/00000000-0000-4000-8000-000000000001/sub"
LIVE = f"{CAMERA}/live.m4s"
PIECE = 4 << 20


@contextmanager
def background(
    project: Project, command: list[str], output: Path, netns: str = FIRST_CLIENT
) -> Iterator[int]:
    """Run a program in a namespace; it is ended in any case."""
    argv = project.world.bed.command(command, netns)
    with output.open("wb") as stream:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        yield process.pid
    finally:
        if process.poll() is None:
            end([process.pid], seconds=2)
        process.wait(5)


@dataclass(frozen=True)
class Part:
    """A stretch of a recording that is looked at live; times from its beginning, in 1/90,000 s."""

    recording: int
    start: int
    end: int


def part_of(text: str) -> Part:
    """Read what the client prints of a part: OPEN.RECORDING START-END."""
    identity, _, times = text.partition(" ")
    start, _, end = times.partition("-")
    return Part(int(identity.partition(".")[2]), int(start), int(end))


@dataclass
class Live:
    """A live view."""

    output: Path

    @property
    def lines(self) -> list[str]:
        """What the client has printed."""
        return self.output.read_text().splitlines()

    @property
    def status(self) -> str:
        """The status line of the answer to the handshake."""
        return self.lines[0] if self.lines else ""

    @property
    def parts(self) -> list[Part]:
        """The binary parts that came."""
        found = [line.split(" ", 2) for line in self.lines[1:]]
        return [part_of(words[2]) for words in found if words[0] == "2"]

    def assert_in_order(self) -> None:
        """Each part has come once, and begins where the one before it ends."""
        for before, after in pairwise(self.parts):
            if after.recording == before.recording:
                assert after.start == before.end, (before, after)
            else:
                assert (after.recording, after.start) == (before.recording + 1, 0), (before, after)

    @property
    def closed(self) -> bool:
        """Whether the server has ended it, or the client has failed."""
        last = self.lines[-1] if self.lines else ""
        return last == "closed" or "Error" in last

    def wait_for(self, count: int, seconds: float = 15) -> None:
        """Wait for so many parts more than there are."""
        wanted = len(self.parts) + count
        wait_until(f"{count} parts more", lambda: len(self.parts) >= wanted, seconds=seconds)


@contextmanager
def live(project: Project, cookie: str, *, origin: str | None = None) -> Iterator[Live]:
    """Open a live view with the headers that a browser sends."""
    headers = [f"Origin: {origin or project.origin}", f"Cookie: {cookie}"]
    output = project.directory.with_name(f"{project.name}-live.txt")
    command = [sys.executable, str(CLIENT), project.address, project.domain, LIVE, *headers]
    with background(project, command, output):
        view = Live(output)
        wait_until("an answer to the WebSocket", lambda: view.status, seconds=10)
        yield view


def download_command(
    project: Project, cookie: str, count: int, file: Path, *options: str
) -> list[str]:
    """Return the command that downloads the first recordings of the past, as far as it comes."""
    return [
        "curl", "--silent", "--show-error", "--fail", "--insecure", "--noproxy", "*",
        "--connect-to", f"::{project.address}:", "--max-time", "120", "--cookie", cookie,
        "--output", str(file), *options, f"{project.origin}{view(count)}",
    ]  # fmt: skip


def view(count: int) -> str:
    """The path of the first recordings as one file."""
    return f"{CAMERA}/view.mp4?s=0-{count - 1}"


def length(project: Project, cookie: str, count: int) -> int:
    """How many bytes such a download has."""
    answer = project.request(FIRST_CLIENT, view(count), "--head", "--cookie", cookie)
    assert answer.status == 200, answer
    (found,) = answer.header("content-length")
    return int(found)


def assert_right_bytes(file: Path, past: Sequence[Past]) -> None:
    """A download ends with all bytes of the recordings' own, in their order."""
    size = sum(one.size for one in past)
    with file.open("rb") as stream:
        stream.seek(-size, os.SEEK_END)
        for offset in range(0, size, PIECE):
            wanted = known_bytes(offset, min(PIECE, size - offset))
            assert stream.read(PIECE) == wanted, f"wrong bytes after {offset}"

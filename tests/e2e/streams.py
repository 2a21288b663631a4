"""Connections that last: a live view, and a download. Both are programs in the background."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bed.process import end
from tests.e2e.project import FIRST_CLIENT, Project
from tests.e2e.waiting import wait_until
from tests.standins.moonfire.video import virtual_bytes

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
    def parts(self) -> list[int]:
        """The numbers of the binary parts that came."""
        found = [line.split(" ", 2) for line in self.lines[1:]]
        return [int(words[2]) for words in found if words[0] == "2"]

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
    project: Project, cookie: str, size: int, file: Path, *options: str
) -> list[str]:
    """Return the command that downloads a recording of `size` bytes, as far as it comes."""
    return [
        "curl", "--silent", "--show-error", "--fail", "--insecure", "--noproxy", "*",
        "--connect-to", f"::{project.address}:", "--max-time", "120", "--cookie", cookie,
        "--output", str(file), *options, f"{project.origin}{CAMERA}/view.mp4?s={size}",
    ]  # fmt: skip


def assert_right_bytes(file: Path, size: int) -> None:
    """Compare a download with what Moonfire's stand-in has."""
    assert file.stat().st_size == size
    with file.open("rb") as stream:
        for offset in range(0, size, PIECE):
            wanted = virtual_bytes(offset, min(PIECE, size - offset))
            assert stream.read(PIECE) == wanted, f"wrong bytes after {offset}"

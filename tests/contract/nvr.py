"""A Moonfire as a process on this host, the stand-in or a real one, with a real camera."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nvrstack.host.terminal_codes import without_codes
from tests.bed.camera import RtspCamera
from tests.bed.moonfire import put_program
from tests.bed.process import Word, wait_for
from tests.moonfire.rows import Camera, add_camera, add_directory, opened
from tests.standins.moonfire.levers import FILE

CONFIG = """\
dbDir = "{folder}/db"
[[binds]]
ipv4 = "127.0.0.1:{port}"
allowUnauthenticatedPermissions = {{ viewVideo = true }}
"""


@dataclass
class Nvr:
    """One Moonfire, its database and its one directory for recordings."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    env: dict[str, str] = field(default_factory=lambda: {"PATH": os.defpath, "TZ": "Etc/UTC"})

    @property
    def database(self) -> Path:
        return self.folder / "db"

    @property
    def samples(self) -> Path:
        return self.folder / "sample"

    @property
    def program(self) -> Path:
        return self.folder / "moonfire-nvr"

    @property
    def log(self) -> str:
        """What it has said since its last start."""
        return without_codes((self.folder / "log").read_text())

    def make(self, *cameras: Camera, **levers: str | float) -> None:
        """Make its database with these cameras."""
        put_program(self.program)
        (self.folder / FILE).write_text(json.dumps(levers))
        (self.folder / "nvr.toml").write_text(CONFIG.format(folder=self.folder, port=self.port))
        self.run("init")
        self.samples.mkdir(mode=0o700)
        with opened(self.database / "db") as connection:
            directory = add_directory(connection, str(self.samples))
            for camera in cameras:
                add_camera(connection, camera, directory)

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a subcommand on its database to its end."""
        command: list[Word] = [self.program, *words, f"--db-dir={self.database}"]
        if words[0] == "run":
            command = [self.program, "run", "--config", self.folder / "nvr.toml"]
        return subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=30, check=check
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command: list[Word] = [self.program, "run", "--config", self.folder / "nvr.toml"]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, env=self.env, stderr=log)
        assert wait_for(lambda: "Ready to serve" in self.log, seconds=20), self.log

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; return its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(20)
        self.process = None
        return status

    def get(self, path: str) -> Any:
        """What its API answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return json.load(answer)


@contextmanager
def nvr(folder: Path, port: int) -> Iterator[Nvr]:
    """A Moonfire that does not run yet, and does not outlive the test."""
    found = Nvr(folder, port)
    try:
        yield found
    finally:
        if found.process is not None:
            found.process.kill()
            found.process.wait(10)


@contextmanager
def camera(port: int, password: str = "") -> Iterator[RtspCamera]:
    """A real RTSP server on loopback."""
    found = RtspCamera("127.0.0.1", port=port, password=password)
    found.start()
    try:
        yield found
    finally:
        found.stop()

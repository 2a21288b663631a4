"""A camera of the bed: a real RTSP server, a program of its own, in any network namespace."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.bed import packages
from tests.bed.process import end

PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-ugly",
    "python3-gi",
)
PROGRAM = Path(__file__).with_name("rtsp_camera.py")
PYTHON = "/usr/bin/python3"
PORT = 8554
START_SECONDS = 30


@dataclass
class RtspCamera:
    """A camera with two streams, `main` and `sub`."""

    address: str
    netns: str | None = None
    port: int = PORT
    password: str = ""
    process: subprocess.Popen[str] | None = None

    @property
    def urls(self) -> dict[str, str]:
        """The RTSP address of each stream, by its type."""
        return {kind: f"rtsp://{self.address}:{self.port}/{kind}" for kind in ("main", "sub")}

    def start(self) -> None:
        """Start it, unless it runs, and wait until it listens."""
        if self.process is not None and self.process.poll() is None:
            return
        packages.ensure(PACKAGES)
        enter = [] if self.netns is None else ["nsenter", f"--net=/run/netns/{self.netns}"]
        words = [PYTHON, str(PROGRAM), self.address, str(self.port)]
        words += [self.password] if self.password else []
        self.process = subprocess.Popen(
            [*enter, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            said = stream.readline()
        assert said == "ready\n", "the camera does not start"

    def hang_up(self) -> None:
        """End the connections of all who watch; who records it has finished its recording then."""
        assert self.process is not None, "the camera does not run"
        self.process.send_signal(signal.SIGUSR1)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            end([self.process.pid], seconds=2)
            self.process.wait(5)
            self.process = None

"""The world outside of the house: names, the certificate authority, the dynamic DNS provider.

They stand in the bed's Internet namespace, on the far side of the engine host's `net0`. The
authority's validation comes in by the published port, as the real one's does.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bed import pebble
from tests.bed.bed import Bed
from tests.bed.camera import PROGRAM as CAMERA
from tests.bed.camera import RtspCamera
from tests.bed.network import CLIENTS
from tests.bed.paths import STANDINS, made
from tests.bed.process import end
from tests.bed.rootfs import chroot_command
from tests.e2e.waiting import wait_until

DYNDNS = "dyndns.example.test"
DYNDNS_PORT = 8000
LOGIN = "home"
DDNS_PASSWORD = "p'w,#\\ 7Qz9$x"
"""With what a quoting mistake would spoil."""
CERTIFICATE_SECONDS = 3600


@dataclass
class Program:
    """A server out there, which a test may end and start again."""

    command: list[str]
    log: Path
    answers: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        if self.process is None:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            wait_until(f"{self.command[-1]} answers", self.answers, seconds=20, every=0.1)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                end([self.process.pid], seconds=0)
                self.process.wait(5)
            self.process = None


@dataclass
class World:
    """Who is out there."""

    bed: Bed
    folder: Path
    authority: Program = field(init=False)
    authority_root: Path = field(init=False)
    dyndns: Program = field(init=False)
    hosts: list[str] = field(default_factory=list)
    camera: RtspCamera = field(init=False)
    """The camera of every house. It does not run before somebody starts it."""

    def __post_init__(self) -> None:
        self.camera = RtspCamera(self.bed.camera_address, self.bed.camera_netns)
        files = pebble.prepare(self.folder / "pebble", validity_seconds=CERTIFICATE_SECONDS)
        self.authority_root = files.authority
        dns = f"{self.bed.internet_address}:53"
        self.authority = Program(
            chroot_command(
                files.command(dns=dns),
                {files.directory: pebble.INSIDE},
                env=pebble.ENVIRONMENT,
                netns=self.bed.internet_netns,
            ),
            self.folder / "pebble.log",
            lambda: self._reach(f"https://{self.bed.internet_address}:{pebble.PORT}/dir"),
        )
        here = ["--bind", self.bed.internet_address, "--port", str(DYNDNS_PORT)]
        files_of = ["--state", str(self.folder / "dyndns.json"), "--log", str(self.dyndns_log)]
        self.dyndns = Program(
            self.bed.command(
                [sys.executable, STANDINS / "dyndns.py", *here, *files_of],
                self.bed.internet_netns,
            ),
            self.folder / "dyndns.log",
            lambda: self._reach(f"http://{self.bed.internet_address}:{DYNDNS_PORT}/ip"),
        )

    @property
    def dyndns_log(self) -> Path:
        """What the dynamic DNS provider was asked."""
        return self.folder / "dyndns-requests.log"

    def open(self) -> None:
        """Let the Internet be there, but for the authority, which a test starts."""
        made(self.folder)
        self.end_leftovers()
        self.instruct_dyndns()
        # Only the house's published ports are known out there, and only the house has clients.
        for netns, gateway in ((self.bed.internet_netns, "130"), (CLIENTS[1], "1")):
            self.ip(netns, "route", "replace", "198.51.100.0/28", "via", f"198.51.101.{gateway}")
        for name in ("pebble", DYNDNS):
            self.bed.set_address(name, self.bed.internet_address)
        self.connect()
        self.dyndns.start()

    def end_leftovers(self) -> None:
        """End the servers of a run that was killed; the bed's resolver goes on."""
        places = (self.bed.internet_netns, self.bed.camera_netns)
        listed = [
            pid
            for place in places
            for pid in self.bed.run(["ip", "netns", "pids", place]).stdout.split()
        ]
        commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in listed}
        programs = [os.fsencode(path) for path in (STANDINS / "dyndns.py", CAMERA)]
        ours = (b"pebble\0-config", b"named\0-g", *programs)
        end([pid for pid, line in commands.items() if any(o in line for o in ours)], seconds=3)

    def close(self) -> None:
        """Take everything away again."""
        self.authority.stop()
        self.dyndns.stop()
        self.camera.stop()
        self.connect()
        for name in ("pebble", DYNDNS, *self.hosts):
            self.bed.set_address(name, None)
        for netns in (self.bed.internet_netns, CLIENTS[1]):
            self.ip(netns, "route", "delete", "198.51.100.0/28")

    def connect(self) -> None:
        """Plug the house's Internet connection in."""
        self.ip(self.bed.engine_netns, "link", "set", "net0", "up")

    def disconnect(self) -> None:
        """Unplug it."""
        self.ip(self.bed.engine_netns, "link", "set", "net0", "down")

    def know(self, host: str, address: str) -> None:
        """Register a name with the dynamic DNS provider, and let it lead to a house's address."""
        self.hosts.append(host)
        self.instruct_dyndns()
        self.bed.set_address(host, address)

    def instruct_dyndns(self, **changes: object) -> None:
        """Tell the provider's stand-in how to behave."""
        state = {"accounts": {LOGIN: DDNS_PASSWORD}, "hosts": self.hosts, "address": "192.31.196.9"}
        partial = self.folder / "dyndns.new"
        partial.write_text(json.dumps({**state, **changes}))
        partial.rename(self.folder / "dyndns.json")

    def updates(self, host: str) -> list[dict[str, Any]]:
        """Return the updates of a name that the provider was sent."""
        lines = self.dyndns_log.read_text().splitlines() if self.dyndns_log.exists() else []
        entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [
            entry
            for entry in entries
            if entry["path"] == "/nic/update" and entry["query"].get("hostname") == host
        ]

    def issuing_root(self) -> Path:
        """Return a file with the root of the certificates that the authority issues now."""
        url = f"https://{self.bed.internet_address}:{pebble.MANAGEMENT_PORT}/roots/0"
        file = self.folder / "issuing-root.pem"
        file.write_text(self._curl(url).stdout)
        return file

    def ip(self, netns: str, *words: str) -> None:
        """Change something about a namespace's network."""
        self.bed.run(["ip", "-n", netns, *words], timeout=10)

    def _reach(self, url: str) -> bool:
        return self._curl(url, check=False).returncode == 0

    def _curl(self, url: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        command: Sequence[str] = ["curl", "-skf", "--noproxy", "*", "--max-time", "5", url]
        return self.bed.run(command, self.bed.internet_netns, timeout=10, check=check)

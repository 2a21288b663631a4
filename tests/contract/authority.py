"""A real certificate authority, Pebble, in a network of the tests' own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bed import pebble
from tests.bed.process import end, run, wait_for
from tests.bed.rootfs import chroot_command
from tests.contract.space import inside

DIRECTORY_URL = pebble.DIRECTORY_URL


@dataclass(frozen=True)
class Authority:
    """Where Pebble runs, or will run."""

    directory: Path
    netns: str
    hosts: Path

    @property
    def root(self) -> bytes:
        """What a client must trust for Pebble's own https."""
        return self._prepared().authority.read_bytes()

    @property
    def log(self) -> Path:
        """What Pebble says."""
        return self.directory / "log"

    def orders(self) -> int:
        """How many certificates it was asked for."""
        return self.log.read_text().count("POST /order-plz") if self.log.exists() else 0

    def was_asked(self, times: int, *, seconds: float) -> bool:
        """Wait until it was asked for so many certificates."""
        return wait_for(lambda: self.orders() >= times, seconds=seconds, every=0.01)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it, and wait until it answers."""
        made = self._prepared()
        binds = {made.directory: pebble.INSIDE, self.hosts: "/etc/hosts"}
        command = chroot_command(made.command(), binds, env=pebble.ENVIRONMENT)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*inside(self.netns), *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            assert wait_for(self._answers, seconds=10), self.log.read_text()
            yield
        finally:
            end([process.pid], seconds=2)
            process.wait(timeout=5)

    def _prepared(self) -> pebble.Pebble:
        return pebble.prepare(self.directory, address="127.0.0.1")

    def _answers(self) -> bool:
        asked = ["curl", "--silent", "--insecure", "--noproxy", "*", "--max-time", "2"]
        url = f"https://127.0.0.1:{pebble.PORT}/dir"
        return run([*inside(self.netns), *asked, url], check=False).returncode == 0

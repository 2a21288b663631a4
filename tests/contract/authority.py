"""Real certificate authorities, Pebbles, in a network of the tests' own."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bed import pebble
from tests.bed.process import end, run, wait_for
from tests.bed.rootfs import chroot_command
from tests.contract.space import inside

DIRECTORY_URL = pebble.DIRECTORY_URL


@dataclass(frozen=True)
class Authority:
    """Where a Pebble runs, or will run.

    `life` is that of its certificates in seconds, `bad_nonces` the percentage of requests whose
    nonce it rejects, `accounts` the HMAC key of each account by its identifier, without which it
    registers nobody, `name_server` whom it asks instead of reading `hosts`, and `profiles` the
    lives of certificates that are asked for by such a name.
    """

    directory: Path
    netns: str
    hosts: Path
    port: int = pebble.PORT
    life: int = 90 * 86400
    bad_nonces: int = 0
    accounts: Mapping[str, str] = field(default_factory=dict)
    name_server: str | None = None
    profiles: Mapping[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its ACME directory."""
        return DIRECTORY_URL.replace(str(pebble.PORT), str(self.port))

    @property
    def root(self) -> bytes:
        """What a client must trust for Pebble's own https."""
        return self._prepared().authority.read_bytes()

    @property
    def log(self) -> Path:
        """What Pebble says."""
        return self.directory / "log"

    def requests(self, path: str) -> int:
        """How often it was sent something there."""
        return self.log.read_text().count(f"POST /{path}") if self.log.exists() else 0

    def orders(self) -> int:
        """How many certificates it was asked for."""
        return self.requests("order-plz")

    def was_asked(self, times: int, *, seconds: float) -> bool:
        """Wait until it was asked for so many certificates."""
        return wait_for(lambda: self.orders() >= times, seconds=seconds, every=0.01)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it, and wait until it answers."""
        made = self._prepared()
        binds = {made.directory: pebble.INSIDE, self.hosts: "/etc/hosts"}
        env = {**pebble.ENVIRONMENT, "PEBBLE_WFE_NONCEREJECT": str(self.bad_nonces)}
        command = chroot_command(made.command(dns=self.name_server), binds, env=env)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*inside(self.netns), *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            assert wait_for(self._answers, seconds=60), self.log.read_text()
            yield
        finally:
            end([process.pid], seconds=2)
            process.wait(timeout=5)

    def _prepared(self) -> pebble.Pebble:
        own = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.port + 1000}",
            "externalAccountBindingRequired": bool(self.accounts),
            "externalAccountMACKeys": dict(self.accounts),
            "profiles": {
                name: {"description": name, "validityPeriod": life}
                for name, life in {"default": self.life, **self.profiles}.items()
            },
        }
        return pebble.prepare(self.directory, validity_seconds=self.life, settings=own)

    def _answers(self) -> bool:
        asked = ["curl", "--silent", "--insecure", "--noproxy", "*", "--max-time", "2"]
        url = f"https://127.0.0.1:{self.port}/dir"
        return run([*inside(self.netns), *asked, url], check=False).returncode == 0

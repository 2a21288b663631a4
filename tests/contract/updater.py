"""ddclient as run.sh runs it, and the provider that it speaks to."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvrstack.host.apply import apply
from tests.bed.paths import STANDINS
from tests.bed.process import Done, end, wait_for
from tests.contract import ddclients
from tests.contract.container import Container, Running, container
from tests.contract.rendered import PASSWORD, Project, project, write
from tests.contract.space import inside

SERVER = "dyndns.example.test"
"""ddclient takes no server name without a dot."""

PORT = 8245
ADDRESS = "203.0.113.7"


@dataclass(frozen=True)
class Provider:
    """The stand-in for a dyndns2 server."""

    state: Path
    log: Path

    def answers(self, answer: str | None = None, *, password: str = PASSWORD) -> None:
        """Change what it says from now on; without an answer, what the protocol says."""
        hosts = [f"{name}.example.com" for name in ("nvr", "second")]
        values = {"accounts": {"me": password}, "hosts": hosts, "answer": answer}
        self.state.write_text(json.dumps({**values, "address": ADDRESS}))

    def updates(self) -> list[dict[str, Any]]:
        """Every update that it was asked for."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [entry for entry in map(json.loads, lines) if entry["path"] == "/nic/update"]

    def was_asked(self, times: int, *, seconds: float = 10) -> bool:
        """Wait until it was asked for so many updates."""
        return wait_for(lambda: len(self.updates()) >= times, seconds=seconds)


@contextmanager
def provider(directory: Path, netns: str) -> Iterator[Provider]:
    """Run the stand-in on the loopback of a network."""
    made = Provider(directory / "state.json", directory / "requests")
    made.answers()
    words = [sys.executable, str(STANDINS / "dyndns.py"), "--bind", "127.0.0.1"]
    options = ["--port", str(PORT), "--state", str(made.state), "--log", str(made.log)]
    process = subprocess.Popen(
        [*inside(netns), *words, *options], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert process.stderr is not None
    try:
        assert b"listening" in process.stderr.readline()
        yield made
    finally:
        end([process.pid], seconds=2)
        process.wait(timeout=5)
        process.stderr.close()


@dataclass(frozen=True)
class Updater:
    """A project and its ddclient service."""

    project: Project
    container: Container
    log: Path

    @contextmanager
    def run(self) -> Iterator[Running]:
        """Start it."""
        with self.container.started(self.log) as running:
            yield running

    def health(self) -> Done:
        """What the health check says."""
        return self.container.run([*self.container.argv, "healthy"])

    def ran(self) -> bool:
        """Wait until ddclient has ended once."""
        return wait_for((self.state / "last-run").exists, seconds=10)

    @property
    def state(self) -> Path:
        """The service's volume."""
        return self.project.directory / "data/ddclient"

    def change(self, *changes: Mapping[str, Any], password: str = PASSWORD) -> None:
        """Apply other settings while it runs."""
        made = project(self.project.directory, "public", SETTINGS, *changes, password=password)
        apply(made.directory, made.files, made.owner)


SETTINGS: Mapping[str, Any] = {
    "ddns": {
        "provider": "custom",
        "login": "me",
        "server": f"http://{SERVER}:{PORT}",
        "hosts": ["nvr.example.com"],
        "address_service": f"http://{SERVER}:{PORT}/ip",
    }
}


def updater(directory: Path, netns: str, release: str = "own") -> Updater:
    """A public project on disk whose provider is the stand-in."""
    hosts = directory / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {SERVER}\n")
    made = write(project(directory / "project", "public", SETTINGS))
    service = container(made, "ddclient", netns, directory / "tmp")
    for path, target in {hosts: "/etc/hosts", **ddclients.program(release)}.items():
        service = service.with_mount(target, path)
    return Updater(made, service, directory / "log")

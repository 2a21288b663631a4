"""ddclient as run.pl runs it, and the provider that it speaks to."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvrstack.host.apply import apply
from nvrstack.tree import File, Tree
from tests.bed.paths import STANDINS
from tests.bed.process import Done, end, wait_for
from tests.contract import ddclients
from tests.contract.container import Container, Running, container
from tests.contract.rendered import PASSWORD, Project, hurry, project, write
from tests.contract.space import inside

SERVER = "dyndns.example.test"
"""ddclient takes no server name without a dot."""

PORT = 8245
HOST = "nvr.example.com"
SCHEDULE = "ddclient/Schedule.pm"
ADDRESS = "192.31.196.7"
PATIENCE = 60.0
"""Seconds after which a test gives up; a quiet machine needs two or three."""


@dataclass(frozen=True)
class Provider:
    """The stand-in for a dyndns2 server."""

    state: Path
    log: Path

    def answers(
        self, answer: str | None = None, *, password: str = PASSWORD, address: str = ADDRESS
    ) -> None:
        """Change what it says from now on; without an answer, what the protocol says."""
        hosts = [f"{name}.example.com" for name in ("nvr", "second")]
        values = {"accounts": {"me": password}, "hosts": hosts, "answer": answer}
        partial = self.state.with_suffix(".new")
        partial.write_text(json.dumps({**values, "address": address}))
        partial.rename(self.state)

    def requests(self, path: str) -> list[dict[str, Any]]:
        """Every request for a path."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [entry for entry in map(json.loads, lines) if entry["path"] == path]

    def updates(self) -> list[dict[str, Any]]:
        """Every update that it was asked for."""
        return self.requests("/nic/update")

    def was_asked(self, times: int, *, seconds: float = PATIENCE) -> bool:
        """Wait until it was asked for so many updates."""
        return wait_for(lambda: len(self.updates()) >= times, seconds=seconds)


@contextmanager
def provider(directory: Path, netns: str, *more: str, port: int = PORT) -> Iterator[Provider]:
    """Run the stand-in on the loopback of a network, with further options."""
    made = Provider(directory / "state.json", directory / "requests")
    made.answers()
    words = [sys.executable, str(STANDINS / "dyndns.py"), "--bind", "127.0.0.1"]
    options = ["--port", str(port), "--state", str(made.state), "--log", str(made.log), *more]
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
    settings: tuple[Mapping[str, Any], ...]

    @contextmanager
    def run(self) -> Iterator[Running]:
        """Start it."""
        with self.container.started(self.log) as running:
            yield running

    def health(self) -> Done:
        """What the health check says."""
        return self.container.run([*self.container.argv, "healthy"])

    @property
    def state(self) -> dict[str, Any]:
        """What its state file says; nothing before it is there."""
        file = self.project.directory / "data/ddclient/state.json"
        try:
            loaded: dict[str, Any] = json.loads(file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {"hosts": {}}
        return loaded

    def host(self, name: str = HOST) -> dict[str, Any]:
        """What its state file says of a name."""
        found: dict[str, Any] = self.state["hosts"].get(name, {})
        return found

    def comes_to(self, result: str, name: str = HOST, *, seconds: float = PATIENCE) -> bool:
        """Wait until this has come of the last attempt for a name."""
        return wait_for(lambda: self.host(name).get("result") == result, seconds=seconds)

    def looked_again(self, times: int = 2, *, seconds: float = PATIENCE) -> bool:
        """Wait until the address was looked up so many times more, a second or more apart."""
        seen = {self.state.get("last_run")}

        def enough() -> bool:
            seen.add(self.state.get("last_run"))
            return len(seen) > times

        return wait_for(enough, seconds=seconds)

    def change(self, *changes: Mapping[str, Any], password: str = PASSWORD) -> None:
        """Apply other settings while it runs."""
        made = project(
            self.project.directory, "public", *self.settings, *changes, password=password
        )
        files = {path: file for path, file in made.files.items() if path != SCHEDULE}
        apply(made.directory, {**files, **_quick(made)}, made.owner)


def _quick(made: Project) -> Tree:
    text = made.text("ddclient/settings.json")
    assert text.count('"interval": 300') == 1
    quick = text.replace('"interval": 300', '"interval": 1').replace('"pause": 30', '"pause": 1')
    return {
        "ddclient/settings.json": File(quick.encode(), made.files["ddclient/settings.json"].mode)
    }


SETTINGS: Mapping[str, Any] = {
    "ddns": {
        "provider": "custom",
        "login": "me",
        "server": f"http://{SERVER}:{PORT}",
        "hosts": [HOST],
        "address_services": [f"http://{SERVER}:{PORT}/ip"],
    }
}
PACE = {"TICK": "1;", "PATIENCE": "3;", "NO_ADDRESS": "1;"}
"""Seconds that a test need not wait as long as an owner."""


def updater(
    directory: Path,
    netns: str,
    release: str = "own",
    *changes: Mapping[str, Any],
    names: str = "",
    pace: Mapping[str, str] = PACE,
    password: str = PASSWORD,
    tools: Mapping[Path, str] | None = None,
) -> Updater:
    """A public project on disk whose provider is the stand-in, which looks every second.

    `tools` are programs beside those of the tree.
    """
    hosts = directory / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {SERVER} {names}\n")
    settings = (SETTINGS, ddclients.image(release), *changes)
    made = write(project(directory / "project", "public", *settings, password=password))
    apply(made.directory, _quick(made), made.owner)
    constants = {f"use constant {name}": value for name, value in {**PACE, **pace}.items()}
    hurry(made.directory / SCHEDULE, " => ", constants)
    service = container(made, "ddclient", netns, directory / "tmp")
    programs = {**ddclients.program(release), **(tools or {})}
    for path, target in {hosts: "/etc/hosts", **programs}.items():
        service = service.with_mount(target, path)
    return Updater(made, service, directory / "log", settings)

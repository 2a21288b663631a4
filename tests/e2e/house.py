"""Other web interfaces of the house, behind the same address as Moonfire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bed.bed import Bed
from tests.bed.images import TOOLS
from tests.bed.process import Word, run
from tests.e2e.client import Answer
from tests.e2e.probing import CONNECT, from_client, parsed
from tests.e2e.project import FIRST_CLIENT, Project
from tests.e2e.waiting import wait_until
from tests.e2e.world import Program

SERVER = Path(__file__).with_name("site_server.py")
PYTHON = "/usr/bin/python3"
PORTS = {"nas": 5001, "safe": 5002, "files": 8085}
SAFE = "safe.home.test"
"""The name for which the certificate of `safe`, and no other one, is valid."""
SITES = """
[[sites]]
domain = "nas.example.test"
upstream = "https://{address}:5001"
verify_tls = false
body_size = "64k"

[[sites]]
domain = "files.example.test"
upstream = "http://{address}:8085"
websocket = false
basic_auth = true

[[sites]]
domain = "cloud.example.test"
upstream = "http://cloud:8080"

# The certificate there is not to be trusted.
[[sites]]
domain = "vault.example.test"
upstream = "https://{name}:5001"
"""


def self_signed(folder: Path, name: str, alternative: str) -> tuple[Path, Path]:
    """Make a certificate and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={alternative}"]
    run(["openssl", "req", "-x509", *new, *names, "-keyout", key, "-out", certificate])
    return certificate, key


def htpasswd(name: str, password: str) -> str:
    """Return a user's line in the form of htpasswd(1)."""
    made = run(["openssl", "passwd", "-apr1", "-stdin"], input=f"{password}\n")
    return f"{name}:{made.stdout.strip()}"


@dataclass
class Neighbours:
    """Servers in the house which are no containers: their address is the camera's."""

    bed: Bed
    folder: Path
    running: dict[str, Program] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.bed.camera_address

    def start(self, name: str, *files: Path) -> None:
        """Start one of them, with TLS if there is a certificate and a key."""
        if name not in self.running:
            words: list[Word] = [PYTHON, SERVER, name, self.address, str(PORTS[name]), *files]
            self.running[name] = Program(
                self.bed.command(words, self.bed.camera_netns),
                self.folder / f"site-{name}.txt",
                lambda: self.listens(name),
            )
        self.running[name].start()

    def listens(self, name: str) -> bool:
        """Say whether its port is open."""
        own = f"{self.address}:{PORTS[name]}"
        return from_client(self.bed, self.bed.camera_netns, own) == {own: "open"}

    def stop(self) -> None:
        """End them all."""
        for program in self.running.values():
            program.stop()


@dataclass(frozen=True)
class Guest:
    """A site that is a container beside nginx, on the network which the owner may share."""

    bed: Bed
    identity: str

    @property
    def address(self) -> str:
        """Its address there."""
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return self.bed.docker("inspect", "--format", form, self.identity).stdout.strip()

    def reaches(self, *targets: str) -> dict[str, str]:
        """Try to connect from it to each HOST:PORT."""
        probe = ["python3", "-c", CONNECT, *targets]
        return parsed(self.bed.docker("exec", self.identity, *probe, timeout=60).stdout)


@contextmanager
def guest(project: Project, name: str) -> Iterator[Guest]:
    """Run a site as a container on nginx's own network."""
    bed, network = project.world.bed, f"{project.name}_edge"
    options = ["--detach", "--rm", "--network", network, "--network-alias", name]
    options += ["--volume", f"{SERVER}:/site_server.py:ro"]
    command = ["python3", "/site_server.py", name, "0.0.0.0", "8080"]
    identity = bed.docker("run", *options, TOOLS, *command).stdout.strip()
    try:
        found = Guest(bed, identity)
        own = "127.0.0.1:8080"
        wait_until("the site", lambda: found.reaches(own) == {own: "open"}, seconds=10)
        yield found
    finally:
        bed.docker("rm", "--force", identity)


@dataclass(frozen=True)
class Told:
    """What a site says that it was sent."""

    site: str
    number: int
    length: int
    server_name: str | None
    """The name that was asked for in TLS, if any."""
    headers: list[list[str]]

    def header(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key == name.lower()]


def ask(
    project: Project, name: str, *options: str, netns: str = FIRST_CLIENT, path: str = "/"
) -> Answer:
    """Ask for a page of a further site."""
    return project.request(netns, f"https://{host(name)}{path}", *options)


def told(answer: Answer) -> Told:
    """Return what the site says, which must have answered."""
    assert answer.status == 200, answer
    found: dict[str, Any] = json.loads(answer.body)
    return Told(**{name: found[name] for name in Told.__dataclass_fields__})


def host(name: str) -> str:
    """Return the public name of a further site."""
    return f"{name}.example.test"

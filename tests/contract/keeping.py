"""certbot as keeper.py runs it, with a real authority and the real nginx for the challenges."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography import x509

from nvrstack.host.apply import apply
from nvrstack.pki.certificates import names_of
from tests.bed.process import Done, wait_for
from tests.contract.authority import DIRECTORY_URL, Authority
from tests.contract.container import Container, Running, container
from tests.contract.door import served
from tests.contract.rendered import Project, hurry, project, write

DOMAIN = "nvr.example.com"
ALIAS = "second.example.com"
THIRD = "third.example.com"
SETTINGS: Mapping[str, Any] = {
    "certificate": {
        "authority": DIRECTORY_URL,
        "authority_root": "root.pem",
        "email": "a@b.cd",
    }
}
SOON = {
    "DOUBT_SECONDS": "0",
    "SECONDS_BETWEEN_LOOKS": "0.2",
    "LOOK_SECONDS": "(0.5, 0.5)",
    "SETTLE_SECONDS": "1.5",
}
"""Looks several times a second; the waits after a failure are the real ones."""

PLACE = {
    "SECONDS_BETWEEN_LOOKS": "keeper.py",
    "SETTLE_SECONDS": "keeper.py",
    "LOOK_SECONDS": "schedule.py",
    "DOUBT_SECONDS": "schedule.py",
    "RETRY_SECONDS": "schedule.py",
    "RETIRE_SECONDS": "schedule.py",
    "LIMITS": "schedule.py",
}
"""The script of each constant that a test may set."""


@dataclass(frozen=True)
class Keeping:
    """A project, its certbot service, and the authority."""

    project: Project
    container: Container
    nginx: Container
    authority: Authority
    log: Path
    hosts: Path

    @contextmanager
    def run(self) -> Iterator[Running]:
        """Start the keeper."""
        with self.container.started(self.log) as running:
            yield running

    @contextmanager
    def reachable(self) -> Iterator[None]:
        """Run nginx, so that challenges are answered."""
        with self.nginx.started(self.log.with_name("nginx.log")) as running:
            assert running.says("start.sh: started"), running.text()
            yield

    def by_hand(self, command: Sequence[str]) -> Done:
        """Run certbot itself, with no keeper that lets it trust the authority."""
        trust = {"REQUESTS_CA_BUNDLE": "/etc/nvrstack/certbot/authority-root.pem"}
        trusting = replace(self.container, env={**self.container.env, **trust})
        return trusting.run(command)

    def health(self) -> Done:
        """What the health check says."""
        return self.container.run([*self.container.argv, "--healthy"])

    @property
    def state_file(self) -> Path:
        """The keeper's memory."""
        return self.project.directory / "data/certbot/state.json"

    def state(self, name: str = DOMAIN) -> dict[str, Any]:
        """What it remembers of a certificate; nothing before it wrote anything."""
        if not self.state_file.exists():
            return {}
        try:
            certificates = json.loads(self.state_file.read_text())["certificates"]
        except ValueError:
            return {}
        found: dict[str, Any] = certificates.get(name, {})
        return found

    def is_in(self, result: str, name: str = DOMAIN, *, seconds: float = 60) -> bool:
        """Wait for the result of the last attempt."""
        return wait_for(lambda: self.state(name).get("result") == result, seconds=seconds)

    @property
    def letsencrypt(self) -> Path:
        """certbot's directory."""
        return self.project.directory / "data/letsencrypt"

    def certificate(self, name: str = DOMAIN) -> x509.Certificate | None:
        """The certificate that there is now; None when there is none."""
        try:
            pem = (self.letsencrypt / "live" / name / "cert.pem").read_bytes()
            return x509.load_pem_x509_certificate(pem)
        except (OSError, ValueError):
            return None

    def names(self) -> tuple[str, ...]:
        """The names of the certificate that there is now; none when there is none."""
        file = self.letsencrypt / "live" / DOMAIN / "cert.pem"
        return names_of(file.read_bytes()) if file.exists() else ()

    def is_replaced(self, old: x509.Certificate | None, *, seconds: float = 60) -> bool:
        """Wait until there is another certificate, and the keeper is content."""
        return wait_for(
            lambda: self.certificate() not in {None, old} and self.state()["result"] == "ok",
            seconds=seconds,
        )

    def serves(self, certificate: x509.Certificate | None, name: str = DOMAIN) -> bool:
        """Wait until nginx shows this certificate to who asks for that name."""
        return wait_for(lambda: served(self.nginx.netns, name) == certificate, seconds=60)

    def lead_to(self, address: str, *names: str) -> None:
        """Let names lead to an address; the authority's own, and nothing else, stays known."""
        lines = [("127.0.0.1", "localhost", "pebble"), *((address, name) for name in names)]
        # In place: who has the file mounted keeps that file.
        self.hosts.write_text("".join(f"{' '.join(line)}\n" for line in lines))

    def change(self, *changes: Mapping[str, Any], given: Mapping[str, str] | None = None) -> None:
        """Apply other settings while it runs; `given` are the secrets that they need."""
        made = project(
            self.project.directory,
            "public",
            SETTINGS,
            *changes,
            given=given,
            authority_root=self.authority.root,
        )
        scripts = tuple(PLACE.values())
        changed = {
            path: file
            for path, file in made.files.items()
            if path.startswith(("certbot/", "nginx/")) and not path.endswith((*scripts, ".sh"))
        }
        apply(made.directory, changed, made.owner)


def keeping(
    directory: Path,
    netns: str,
    pace: Mapping[str, str] | None = None,
    *changes: Mapping[str, Any],
    given: Mapping[str, str] | None = None,
    **authority: Any,
) -> Keeping:
    """A public project on disk; `pace` sets the keeper's own constants for shorter tests.

    `changes` are further settings, `given` the secrets that they need, and `authority` is how its
    Pebble differs from the usual one.
    """
    hosts = directory / "hosts"
    pebble = Authority(directory / "pebble", netns, hosts, **authority)
    root = pebble.root
    made = write(
        project(
            directory / "project", "public", SETTINGS, *changes, given=given, authority_root=root
        )
    )
    for script in ("keeper.py", "schedule.py"):
        own = {name: value for name, value in (pace or {}).items() if PLACE[name] == script}
        hurry(made.directory / "certbot" / script, " = ", own)
    hurry(made.directory / "nginx/start.sh", "=", {"seconds_between_looks": "0.4"})
    service = container(made, "certbot", netns, directory / "tmp").with_mount("/etc/hosts", hosts)
    nginx = container(made, "nginx", netns, directory / "nginx-tmp")
    kept = Keeping(made, service, nginx, pebble, directory / "log", hosts)
    kept.lead_to("127.0.0.1", DOMAIN, ALIAS, THIRD)
    return kept

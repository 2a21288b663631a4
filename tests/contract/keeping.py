"""certbot as keeper.py runs it, with a real authority and the real nginx for the challenges."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvrstack.host.apply import apply
from nvrstack.pki.certificates import names_of
from tests.bed.process import Done, wait_for
from tests.contract.authority import DIRECTORY_URL, Authority
from tests.contract.container import Container, Running, container
from tests.contract.rendered import Project, hurry, project, write

DOMAIN = "nvr.example.com"
ALIAS = "second.example.com"
SETTINGS: Mapping[str, Any] = {
    "certificate": {
        "authority": DIRECTORY_URL,
        "authority_root": "root.pem",
        "email": "a@b.cd",
    }
}


@dataclass(frozen=True)
class Keeping:
    """A project, its certbot service, and the authority."""

    project: Project
    container: Container
    nginx: Container
    authority: Authority
    log: Path

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

    def health(self) -> Done:
        """What the health check says."""
        return self.container.run([*self.container.argv, "--healthy"])

    @property
    def state_file(self) -> Path:
        """The keeper's memory."""
        return self.project.directory / "data/certbot/state.json"

    def state(self) -> dict[str, Any]:
        """What it remembers of the one certificate; nothing before it wrote anything."""
        if not self.state_file.exists():
            return {}
        try:
            certificates = json.loads(self.state_file.read_text())["certificates"]
        except ValueError:
            return {}
        found: dict[str, Any] = certificates.get(DOMAIN, {})
        return found

    def is_in(self, result: str, *, seconds: float = 15) -> bool:
        """Wait for the result of the last attempt."""
        return wait_for(lambda: self.state().get("result") == result, seconds=seconds)

    @property
    def letsencrypt(self) -> Path:
        """certbot's directory."""
        return self.project.directory / "data/letsencrypt"

    def names(self) -> tuple[str, ...]:
        """The names of the certificate that there is now; none when there is none."""
        file = self.letsencrypt / "live" / DOMAIN / "cert.pem"
        return names_of(file.read_bytes()) if file.exists() else ()

    def change(self, *changes: Mapping[str, Any]) -> None:
        """Apply other settings while it runs."""
        made = project(
            self.project.directory,
            "public",
            SETTINGS,
            *changes,
            authority_root=self.authority.root,
        )
        changed = ("certbot/certificates.json", "nginx/sites/moonfire.conf")
        apply(made.directory, {path: made.files[path] for path in changed}, made.owner)


def keeping(directory: Path, netns: str, pace: Mapping[str, str] | None = None) -> Keeping:
    """A public project on disk; `pace` sets the keeper's own constants for shorter tests."""
    hosts = directory / "hosts"
    hosts.write_text(f"127.0.0.1 localhost pebble {DOMAIN} {ALIAS}\n")
    authority = Authority(directory / "pebble", netns, hosts)
    made = write(project(directory / "project", "public", SETTINGS, authority_root=authority.root))
    hurry(made.directory / "certbot/keeper.py", " = ", pace or {})
    hurry(made.directory / "nginx/start.sh", "=", {"seconds_between_looks": "0.4"})
    service = container(made, "certbot", netns, directory / "tmp").with_mount("/etc/hosts", hosts)
    nginx = container(made, "nginx", netns, directory / "nginx-tmp")
    return Keeping(made, service, nginx, authority, directory / "log")

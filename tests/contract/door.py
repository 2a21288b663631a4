"""nginx as start.sh runs it, and what a visitor sees of it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.bed.process import Done, run, wait_for
from tests.contract.container import Container, Running, container
from tests.contract.rendered import Project, hurry, project, write
from tests.contract.space import inside

STARTED = "start.sh: started"


@dataclass(frozen=True)
class Door:
    """A project and its nginx service."""

    project: Project
    container: Container
    log: Path

    @property
    def pid(self) -> int:
        """The main process of nginx."""
        return int((self.container.mounts["/tmp"] / "nginx/nginx.pid").read_text())

    @contextmanager
    def open(self) -> Iterator[Running]:
        """Start it and wait until it serves."""
        with self.container.started(self.log) as running:
            assert running.says(STARTED), running.text()
            assert wait_for(lambda: self.served() is not None, seconds=60), running.text()
            yield running

    def custom(self, name: str, text: str) -> None:
        """Write a file of the owner's own; an empty text removes it."""
        path = self.project.directory / "nginx/custom.d" / name
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(path)

    def placeholder(self) -> bytes:
        """The certificate that serves until there is another one."""
        return (self.project.directory / "tls/placeholder/fullchain.pem").read_bytes()

    def served(self) -> x509.Certificate | None:
        """The certificate that a browser gets now, if any."""
        return served(self.container.netns, self.project.settings.site.domain)

    def serves(self, certificate: bytes, *, seconds: float = 60) -> bool:
        """Wait until this certificate is served."""
        wanted = x509.load_pem_x509_certificate(certificate)
        return wait_for(lambda: self.served() == wanted, seconds=seconds)

    def get(self, url: str) -> str:
        """Header and body of an answer, empty when there is none."""
        return self.curl("--insecure", "--include", url).stdout

    def curl(self, *options: str) -> Done:
        """Ask as a visitor would; a failure is the caller's to judge."""
        words = ["curl", "--silent", "--max-time", "5", "--noproxy", "*"]
        words += ["--connect-to", "::127.0.0.1:", *options]
        return run([*inside(self.container.netns), *words], check=False)


def served(netns: str, name: str) -> x509.Certificate | None:
    """The certificate that a browser gets now which asks for that name, if any."""
    words = ["openssl", "s_client", "-connect", "127.0.0.1:443", "-servername", name]
    shown = run([*inside(netns), *words], check=False, timeout=5).stdout
    found = re.search(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", shown, re.S)
    return x509.load_pem_x509_certificate(found[0].encode()) if found else None


def door(
    directory: Path,
    netns: str,
    pace: Mapping[str, str] | None = None,
    *changes: Mapping[str, Any],
    stack: str = "public",
) -> Door:
    """A project on disk; `pace` sets the script's own variables for shorter tests."""
    made = write(project(directory / "project", stack, *changes))
    hurry(made.directory / "nginx/start.sh", "=", pace or {})
    return Door(made, container(made, "nginx", netns, directory / "tmp"), directory / "log")

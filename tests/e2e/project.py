"""A project as its owner has it: made by `nvrstack init`, started by `docker compose`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509

from tests.bed.camera import RtspCamera
from tests.bed.network import CLIENTS
from tests.bed.process import Done, Word
from tests.e2e import client
from tests.e2e.recorder import Recorder
from tests.e2e.world import World
from tests.moonfire.past import Past, add_past
from tests.moonfire.rows import Camera, add_camera, add_directory, opened
from tests.standins.moonfire.levers import FILE

NVRSTACK = Path(sys.executable).with_name("nvrstack")
ADMIN, ADMIN_PASSWORD = "admin", "correct horse 5tapl3"
FIRST_CLIENT, SECOND_CLIENT = CLIENTS


@dataclass
class Project:
    """A project directory, and the LAN address on which its stack publishes ports 80 and 443."""

    world: World
    directory: Path
    stack: str
    name: str
    address: str
    settings: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    as_user: list[str] = field(default_factory=list)
    """What goes before each command, where the owner is somebody else than root."""

    @property
    def domain(self) -> str:
        """The name in the address bar."""
        return f"{self.name}.example.test"

    @property
    def origin(self) -> str:
        """What browsers send as Origin."""
        return f"https://{self.domain}"

    @property
    def state_dir(self) -> Path:
        """Moonfire's state directory."""
        return self.directory / "data/moonfire"

    @property
    def container_uid(self) -> int:
        """Whom nginx, certbot and ddclient run as: the owner of the settings file."""
        return (self.directory / "nvrstack.toml").stat().st_uid

    def init(self, *options: str, check: bool = True) -> Done:
        """Run `nvrstack init` without a terminal, with everything that it needs."""
        given = {
            "project.name": self.name,
            "site.domain": self.domain,
            "site.bind": self.address,
            **({} if self.as_user else {"moonfire.state_dir": "data/moonfire"}),
            **self.settings,
        }
        if "certificate.authority" in given:
            given["certificate.authority_root"] = str(self.world.authority_root)
        words = [word for key, value in given.items() for word in ("--set", f"{key}={value}")]
        for secret, value in self.secrets.items():
            file = self.directory.with_name(f"{self.name}-{secret}")
            file.write_text(f"{value}\n")
            words += ["--secret-file", f"{secret}={file}"]
        words += ["--first-user", ADMIN] if "first_user_password" in self.secrets else []
        command = ["init", str(self.directory), "--yes", "--stack", self.stack, *words, *options]
        return self.nvrstack(*command, check=check)

    @property
    def samples(self) -> Path:
        """Where Moonfire finds its directory for recordings, as the host has it."""
        return self.state_dir / "sample"

    def add_camera(self, *past: Past, camera: RtspCamera | None = None) -> None:
        """Let Moonfire record the world's camera, or another one; it must not run yet.

        `past` is what it is to have recorded of its stream `sub`.
        """
        door = camera or self.world.camera
        with opened(self.state_dir / "db/db") as connection:
            directory = add_directory(connection, "/var/lib/moonfire-nvr/sample")
            row = add_camera(connection, Camera("door", door.urls), directory)
            self.samples.mkdir(mode=0o700)
            query = "select id from stream where camera_id = ? and type = 'sub'"
            (stream,) = connection.execute(query, (row,)).fetchone()
            files = add_past(connection, stream, self.samples, list(past)) if past else []
        owner = self.state_dir.stat()
        for path in (self.samples, self.samples / "meta", *files):
            if path.exists():
                os.chown(path, owner.st_uid, owner.st_gid)
        if camera is None:
            door.start()

    @property
    def recorder(self) -> Recorder:
        """What Moonfire records of the world's camera."""
        return Recorder(self.state_dir / "db", self.samples, self.world.camera)

    def pull_levers(self, **levers: str | float) -> None:
        """Tell Moonfire's stand-in how to behave; a real one reads nothing of it."""
        (self.state_dir / FILE).write_text(json.dumps(levers))

    def nvrstack(
        self,
        *words: str,
        input: str | None = None,  # noqa: A002 - the name that subprocess gives it
        before: Sequence[str] | None = None,
        check: bool = True,
    ) -> Done:
        """Run nvrstack, in the project directory if it is there; `before` is `setpriv` or such."""
        where = self.directory if self.directory.exists() else self.directory.parent
        prefix = self.as_user if before is None else before
        return self.run([*prefix, NVRSTACK, *words], cwd=where, input=input, check=check)

    def compose(self, *words: str, timeout: float = 120, check: bool = True) -> Done:
        """Run `docker compose` in the project directory."""
        return self.run(
            [*self.as_user, "docker", "compose", *words],
            cwd=self.directory,
            timeout=timeout,
            check=check,
        )

    def up(self, *words: str) -> Done:
        """Start it as the README says."""
        return self.compose("up", "-d", *words)

    def run(
        self,
        argv: Sequence[Word],
        *,
        cwd: Path,
        timeout: float = 120,
        input: str | None = None,  # noqa: A002 - the name that subprocess gives it
        check: bool = True,
    ) -> Done:
        """Run a program on the host."""
        return self.world.bed.run(
            argv, cwd=cwd, timeout=timeout, check=check, input=input, env=self.env
        )

    def override(self, content: Mapping[str, Any]) -> None:
        """Write the file that is the owner's own."""
        text = yaml.safe_dump({"services": content})
        (self.directory / "compose.override.yaml").write_text(text)

    def request(
        self, netns: str, url: str, *options: str, trust: Path | None = None
    ) -> client.Answer:
        """Ask the stack; a URL that is only a path is that of the page."""
        full = f"{self.origin}{url}" if url.startswith("/") else url
        return client.curl(self.world.bed, netns, full, *options, address=self.address, trust=trust)

    def log_in(self, name: str, password: str, netns: str = FIRST_CLIENT) -> client.Answer:
        """Send the form of the sign-in page."""
        return client.log_in(self.world.bed, netns, self.origin, self.address, name, password)

    def cookie(self, name: str = ADMIN, password: str = ADMIN_PASSWORD) -> str:
        """Sign in, and return the cookie as a browser sends it back."""
        answer = self.log_in(name, password)
        assert answer.status == 204, answer
        return answer.header("set-cookie")[0].partition(";")[0]

    def certificate(self) -> x509.Certificate | None:
        """Return the certificate that clients are shown."""
        return client.served_certificate(self.world.bed, FIRST_CLIENT, self.address, self.domain)

    def issuer(self) -> str | None:
        """Return who signed it: `placeholder`, `authority`, or None while there is no answer."""
        shown = self.certificate()
        if shown is None:
            return None
        return "authority" if "Pebble" in shown.issuer.rfc4514_string() else "placeholder"

    def serves(self, path: str = "/api/request") -> bool:
        """Say whether Moonfire answers through the proxy."""
        return self.request(FIRST_CLIENT, path).status == 200

    def container(self, service: str) -> dict[str, Any]:
        """Return what the engine tells of a service's container."""
        identity = self.compose("ps", "--all", "--quiet", service).stdout.strip()
        assert identity, f"{service} has no container"
        shown: list[dict[str, Any]] = json.loads(self.world.bed.docker("inspect", identity).stdout)
        return shown[0]

    def logs(self, service: str) -> str:
        """Return all that a service has printed."""
        done = self.world.bed.docker("logs", self.container(service)["Id"])
        return done.stdout + done.stderr

    def remove(self) -> None:
        """Take the stack down; what it printed is shown when the test fails."""
        if (self.directory / "compose.yaml").exists():
            shown = self.compose("ps", "--all", check=False).stdout
            print(shown, self.compose("logs", "--no-color", "--tail", "40", check=False).stdout)
            self.compose("down", "--volumes", "--timeout", "3", check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

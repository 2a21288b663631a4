"""A Moonfire as upstream's guides leave it on a host, to be moved."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import yaml
from cryptography import x509

from nvrstack.migration.around.renewal import with_webroot
from nvrstack.migration.execution.journal import Journal
from nvrstack.migration.execution.store import text_of
from nvrstack.migration.execution.stored_move import JOURNAL, Lines
from nvrstack.migration.install import Install, Source
from nvrstack.migration.plan.move import Certificate, Move
from nvrstack.services.images import MOONFIRE
from nvrstack.settings.load import load
from nvrstack.stacks import load_stacks
from tests.bed import moonfire
from tests.bed.paths import TESTS
from tests.bed.pebble import DIRECTORY_URL
from tests.bed.process import Done, Word
from tests.e2e import client
from tests.e2e.old_files import (
    NEW_CONFIG,
    OLD_CONFIG,
    SCRIPT,
    SETTINGS,
    lay_out_lineage,
    renewal_text,
)
from tests.e2e.project import FIRST_CLIENT, NVRSTACK
from tests.e2e.recorder import LONGEST_SECONDS, Recorder
from tests.e2e.waiting import wait_until
from tests.e2e.world import World
from tests.moonfire.past import Past, add_past
from tests.moonfire.rows import Camera, add_camera, add_directory, opened
from tests.standins.moonfire.levers import FILE

UID, GID = 4711, 4712
OWNER = 4713
LOST_SECONDS = 0 if moonfire.real() is None else 120
"""What a stop costs besides: a real Moonfire loses what it is recording, two minutes at most."""
LEVERS = {"recording_seconds": 1, "stop": "kept"}
"""How the stand-in behaves, old and new: a plain stop loses nothing, and a minute is a second."""
OPEN_PORT = "port 8080"
"""What `nvrstack verify` calls a Moonfire that can be reached without the proxy."""


@dataclass
class OldInstall:
    """One old Moonfire with its script, its recordings and its certificate."""

    world: World
    folder: Path
    name: str
    last_octet: int
    network: str = "--network=host"
    shape: Literal["script", "container", "compose"] = "script"
    restart: str = "unless-stopped"
    version: str = "0.7.30"
    """The old Moonfire's."""
    enter: list[str] = field(default_factory=list)
    """What goes before nvrstack, where it is to see other mounts than the test."""
    env: dict[str, str] = field(default_factory=dict)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    past: list[Path] = field(default_factory=list)
    """The files of what was recorded long ago."""

    @property
    def is_old_schema(self) -> bool:
        """Whether its database has a schema that present versions do not open."""
        return self.version.startswith("0.6.")

    @property
    def address(self) -> str:
        return f"198.51.100.{self.last_octet}"

    @property
    def listens_on(self) -> str:
        on_host = self.network == "--network=host" and self.shape != "compose"
        return self.address if on_host else "0.0.0.0"

    @property
    def domain(self) -> str:
        return f"{self.name}.example.test"

    @property
    def old_name(self) -> str:
        name = f"old-{self.name}"
        return f"{name}-moonfire-nvr-1" if self.shape == "compose" else name

    @property
    def new_name(self) -> str:
        return f"{self.name}-moonfire-nvr-1"

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def state(self) -> Path:
        return self.folder / "moonfire"

    @property
    def samples(self) -> Path:
        return self.folder / "sample"

    @property
    def disk(self) -> Path:
        """Where a small disk may be."""
        return self.folder / "disk"

    @property
    def script(self) -> Path:
        return self.folder / "nvr"

    @property
    def config(self) -> Path:
        return self.folder / "moonfire-nvr.toml"

    @property
    def letsencrypt(self) -> Path:
        return self.folder / "letsencrypt"

    def make(self) -> None:
        """Let it be there, running, as after years."""
        bed = self.world.bed
        netns = bed.engine_netns
        self.world.ip(netns, "address", "replace", f"{self.address}/25", "dev", "lan0")
        self.folder.mkdir(parents=True, exist_ok=True)
        config = OLD_CONFIG.format(address=self.listens_on)
        if self.is_old_schema:
            # As Moonfire spelt its settings before 0.7.6.
            config = re.sub("(?<=[a-z])([A-Z])", lambda match: f"_{match[1].lower()}", config)
        self.config.write_text(config)
        for directory in (self.state, self.samples):
            directory.mkdir(mode=0o700)
            os.chown(directory, UID, GID)
        values = {
            "container": self.old_name, "image": MOONFIRE, "state": self.state, "uid": UID,
            "gid": GID, "restart": self.restart, "samples": self.samples, "config": self.config,
            "network": f"{self.network} --env=STANDIN_VERSION=v{self.version}",
        }  # fmt: skip
        self.script.write_text(SCRIPT.format(**values))
        self.script.chmod(0o755)
        # A time of its own, so that a rollback has something to get right.
        os.utime(self.script, (1_600_000_000, 1_600_000_000))
        self.nvr("init")
        self.add_camera()
        lay_out_lineage(self.letsencrypt, self.domain)
        self.run_old()
        wait_until("the old Moonfire to record", self.records, seconds=60, every=0.1)

    def run_old(self) -> None:
        """Start it for the first time, as its owner did."""
        if self.shape != "compose":
            self.nvr("run")
            return
        service = {
            "image": MOONFIRE,
            "command": "run",
            "user": f"{UID}:{GID}",
            "environment": {"TZ": "Etc/UTC", "STANDIN_STOP_SECONDS": "2"},
            "restart": "unless-stopped",
            "volumes": [
                f"{self.state}:/var/lib/moonfire-nvr",
                f"{self.samples}:{self.samples}",
                f"{self.config}:/etc/moonfire-nvr.toml:ro",
                "/usr/share/zoneinfo:/usr/share/zoneinfo:ro",
            ],
            "ports": [f"{self.address}:8080:8080/tcp"],
        }
        content = {"name": f"old-{self.name}", "services": {"moonfire-nvr": service}}
        (self.folder / "compose.yaml").write_text(yaml.safe_dump(content))
        self.world.bed.run(["docker", "compose", "up", "--detach"], cwd=self.folder, timeout=120)

    def nvr(self, *words: str, check: bool = True) -> Done:
        """Use the `nvr` command, whichever it is."""
        return self.world.bed.run([self.script, *words], timeout=60, check=check)

    def add_camera(self) -> None:
        """Put a camera, the directory of its recordings and an old one into the database."""
        self.world.camera.start()
        with opened(self.state / "db" / "db") as connection:
            directory = add_directory(connection, str(self.samples))
            add_camera(connection, Camera("door", self.world.camera.urls), directory)
            self.past = add_past(connection, 1, self.samples, [Past(1_700_000_000, 8, 512)])
        (self.state / FILE).write_text(json.dumps(LEVERS))
        for file in (*(self.state / "db").iterdir(), *self.samples.iterdir(), self.state / FILE):
            os.chown(file, UID, GID)

    @property
    def renewal(self) -> str:
        return renewal_text(self.domain)

    @property
    def serial(self) -> int:
        pem = (self.letsencrypt / "live" / self.domain / "cert.pem").read_bytes()
        return x509.load_pem_x509_certificate(pem).serial_number

    def move(self, **changes: Any) -> Move:
        """What the plan would decide."""
        subnet = f"10.209.{self.last_octet}.0/29"
        settings = SETTINGS.format(
            name=self.name, owner=OWNER, domain=self.domain, address=self.address, uid=UID,
            gid=GID, state=self.state, samples=self.samples, subnet=subnet, authority=DIRECTORY_URL,
            root=self.world.authority_root,
        )  # fmt: skip
        source: Source = "nvr-script" if self.shape == "script" else self.shape
        certificate = Certificate(
            self.domain, self.domain, with_webroot(self.renewal, [self.domain])
        )
        move = Move(
            project=PurePosixPath(self.project),
            settings=settings,
            moonfire_config=NEW_CONFIG.format(address=f"10.209.{self.last_octet}.3"),
            install=Install(source, MOONFIRE, self.version, self.old_name),
            database=PurePosixPath(self.state / "db"),
            sample_dirs=(PurePosixPath(self.samples),),
            config=PurePosixPath(self.config),
            script=PurePosixPath(self.script) if self.shape == "script" else None,
            certificates=(certificate,),
            letsencrypt=PurePosixPath(self.letsencrypt),
            upgrades_schema=self.is_old_schema,
        )
        load(settings, "the test's settings", load_stacks())
        return replace(move, **changes)

    @property
    def recorder(self) -> Recorder:
        """What is recorded, by whichever Moonfire."""
        return Recorder(self.state / "db", self.samples, self.world.camera)

    def records(self) -> bool:
        """Whether something was recorded within the last seconds."""
        return self.recorder.records()

    def recorded_after(self, moment: float) -> bool:
        """Whether something was recorded after a moment of Unix time."""
        return self.recorder.recorded_after(moment)

    def longest_gap(self, began: float, before: float = LONGEST_SECONDS) -> float:
        """The longest time that a stream lacks since then, or since shortly before, in seconds."""
        return self.recorder.longest_gap(began, before)

    def plain_restart(self) -> float:
        """The longest time without recording when the old one is stopped and started, no more."""
        began = time.time()
        self.stop_and_start()
        started = time.time()
        wait_until("the next recording", lambda: self.recorded_after(started), seconds=60)
        return self.longest_gap(began)

    def stop_and_start(self) -> None:
        """As an owner does it who changes nothing."""
        self.world.bed.docker("stop", "--time", "90", self.old_name)
        self.world.bed.docker("start", self.old_name)

    def container(self) -> dict[str, Any]:
        """What the engine tells of the old container."""
        told = self.world.bed.docker("inspect", self.old_name).stdout
        shown: list[dict[str, Any]] = json.loads(told)
        return shown[0]

    def running(self) -> list[str]:
        """Which Moonfires are up and not about to be started again."""
        form = "{{.Names}} {{.State}}"
        lines = self.world.bed.docker("ps", "--all", "--format", form).stdout.splitlines()
        names = (self.old_name, self.new_name)
        return [line.split()[0] for line in lines if line.startswith(names) and "running" in line]

    @property
    def running_before(self) -> list[str]:
        """What `running` says before the move."""
        return [self.old_name]

    def served_serial(self) -> int | None:
        """The serial of the certificate that clients are shown."""
        shown = client.served_certificate(self.world.bed, FIRST_CLIENT, self.address, self.domain)
        return None if shown is None else shown.serial_number

    def status(self, path: str) -> int:
        """What https answers to somebody who has not signed in."""
        url = f"https://{self.domain}{path}"
        return client.curl(self.world.bed, FIRST_CLIENT, url, address=self.address).status

    @property
    def trusted(self) -> Path:
        """The root of its certificate, which is its own."""
        return self.letsencrypt / "live" / self.domain / "cert.pem"

    def not_fine(self) -> dict[str, str]:
        """What `nvrstack verify` finds wrong after the move.

        The old Moonfires of other tests answer on addresses of their own, beside this one.
        """
        words: list[Word] = ["env", f"SSL_CERT_FILE={self.trusted}", NVRSTACK]
        words += ["--project", self.project, "verify", "--json"]
        words += ["--from", "lan", "--resolve", self.address]
        bed = self.world.bed
        done = bed.run(words, bed.engine_netns, timeout=60, check=False)
        found = json.loads(done.stdout)["verdicts"]
        wrong = {v["about"]: v["text"] for v in found if v["level"] != "fine"}
        if self.address not in wrong.get(OPEN_PORT, self.address):
            del wrong[OPEN_PORT]
        return wrong

    def nvrstack(
        self, what: str, *options: str, move: Move | None = None, check: bool = True
    ) -> Done:
        """Run a part of `nvrstack migrate` on this host."""
        where = self.project
        if what == "run":
            where = self.folder / "move.json"
            where.write_text(text_of(move or self.move()))
        driver = [sys.executable, "-m", "tests.e2e.moving_driver"]
        return self.on_host([*self.enter, *driver, *options, what, str(where)], check=check)

    def on_host(self, command: Sequence[Word], *, check: bool) -> Done:
        """Run a program of the tests' where this Moonfire is."""
        bed, env = self.world.bed, {**self.env, "PYTHONPATH": str(TESTS.parent)}
        return bed.run(command, bed.engine_netns, timeout=240, check=check, env=env)

    def render(self, *options: str) -> Done:
        """Run `nvrstack render` in the project."""
        command: list[Word] = [NVRSTACK, "render", *options]
        return self.world.bed.run(command, cwd=self.project, timeout=60, check=False)

    @contextmanager
    def begun(self, move: Move | None = None) -> Iterator[Callable[[], Done]]:
        """Carry a move out beside the test; what is yielded waits for its end."""
        self.since = datetime.now(UTC)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(self.nvrstack, "run", move=move, check=False)
            yield lambda: running.result(240)

    def wait_for_step(self, step: str, project: Path | None = None) -> None:
        """Wait until the journal of the move that `begun` began says that a step has begun."""
        place = project or self.project

        def begun() -> bool:
            journal = Journal(Lines(place / JOURNAL), lambda: datetime.now(UTC))
            began = journal.first("began", "")
            return began is not None and began > self.since and step in journal.state().begun

        wait_until(f"the step {step}", begun, seconds=60, every=0.02)

    def files(self) -> dict[str, Any]:
        """What a move has to leave alone or bring back, byte for byte."""
        files = [self.script, self.config, *sorted(self.letsencrypt.rglob("*"))]
        files += self.past
        return {str(path): described(path) for path in files}

    def fingerprint(self) -> dict[str, Any]:
        """Everything that a way back has to bring back, the time apart."""
        shown = self.container()
        definition = {key: shown[key] for key in ("Id", "Name", "Config")}
        # An engine that starts makes empty lists of what was not given.
        definition["HostConfig"] = {
            key: value or None for key, value in shown["HostConfig"].items()
        }
        return {**self.files(), "container": definition}

    def remove(self) -> None:
        """Take it all away again."""
        bed = self.world.bed
        if (self.project / "compose.yaml").exists():
            bed.run(
                ["docker", "compose", "down", "--timeout", "3"],
                cwd=self.project, check=False, timeout=120,
            )  # fmt: skip
        for name in (self.old_name, f"{self.old_name}-before-nvrstack"):
            bed.docker("rm", "--force", name, check=False)
        if self.shape == "compose":
            bed.docker("network", "rm", f"old-{self.name}_default", check=False)
        self.world.ip(bed.engine_netns, "address", "delete", f"{self.address}/25", "dev", "lan0")
        shutil.rmtree(self.folder)


def described(path: Path) -> tuple[Any, ...]:
    """What makes a file what it is."""
    status = path.lstat()
    content: Any = None
    if path.is_symlink():
        content = str(path.readlink())
    elif path.is_file():
        content = path.read_bytes()
    return (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, content)

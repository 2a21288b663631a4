"""A Moonfire as upstream's guides leave it on a host, to be moved."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import time
import uuid
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from nvrstack.migration.install import Install
from nvrstack.migration.move import Certificate, Move
from nvrstack.migration.renewal import with_webroot
from nvrstack.moving.store import text_of
from nvrstack.services.images import MOONFIRE
from nvrstack.settings.load import load
from nvrstack.stacks import load_stacks
from tests.bed.paths import TESTS
from tests.bed.pebble import DIRECTORY_URL
from tests.bed.process import Done
from tests.e2e import client
from tests.e2e.project import FIRST_CLIENT
from tests.e2e.waiting import wait_until
from tests.e2e.world import World

UID, GID = 4711, 4712
OWNER = 4713
OLD_CONFIG = """\
[[binds]]
ipv4 = "{address}:8080"
allowUnauthenticatedPermissions = {{ viewVideo = true }}

[[binds]]
unix = "/var/lib/moonfire-nvr/sock"
ownUidIsPrivileged = true
"""
NEW_CONFIG = """\
# Carried over.
workerThreads = 2

[[binds]]
ipv4 = "{address}:8080"
trustForwardHeaders = true

[[binds]]
unix = "/var/lib/moonfire-nvr/sock"
ownUidIsPrivileged = true
"""
SCRIPT = """\
#!/bin/bash -e

tz="Etc/UTC"
container_name="{container}"
image_name="{image}"
common_docker_run_args=(
    --mount=type=bind,source={state},destination=/var/lib/moonfire-nvr
    --mount=type=bind,source={samples},destination={samples}
    --mount=type=bind,source=/usr/share/zoneinfo,destination=/usr/share/zoneinfo,readonly
    --mount=type=bind,source={config},destination=/etc/moonfire-nvr.toml
    --user="{uid}:{gid}"
    --env=RUST_BACKTRACE=1
    --env=TZ=":${{tz}}"
    {network}
)

case "$1" in
run)
    shift
    exec docker run --detach=true --restart=unless-stopped "${{common_docker_run_args[@]}}" \\
        --name="${{container_name}}" "${{image_name}}" run "$@"
    ;;
start|stop|logs|rm)
    exec docker "$@" "${{container_name}}"
    ;;
pull)
    exec docker pull "${{image_name}}"
    ;;
*)
    exec docker run --interactive=true --rm "${{common_docker_run_args[@]}}" "${{image_name}}" "$@"
    ;;
esac
"""
SETTINGS = """\
schema = 1
stack = "router-ddns"

[project]
name = "{name}"
uid = {owner}
gid = {owner}

[site]
domain = "{domain}"
bind = ["{address}"]

[certificate]
authority = "{authority}"
authority_root = "{root}"
email = "owner@example.com"

[moonfire]
uid = {uid}
gid = {gid}
timezone = "Etc/UTC"
state_dir = "{state}"
sample_dirs = ["{samples}"]

[network]
backend_subnet = "{subnet}"
"""


@dataclass
class OldInstall:
    """One old Moonfire with its script, its recordings and its certificate."""

    world: World
    folder: Path
    name: str
    last_octet: int
    network: str = "--network=host"

    @property
    def address(self) -> str:
        return f"198.51.100.{self.last_octet}"

    @property
    def listens_on(self) -> str:
        return self.address if self.network == "--network=host" else "0.0.0.0"

    @property
    def domain(self) -> str:
        return f"{self.name}.example.test"

    @property
    def old_name(self) -> str:
        return f"old-{self.name}"

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
        self.config.write_text(OLD_CONFIG.format(address=self.listens_on))
        for directory in (self.state, self.samples):
            directory.mkdir(mode=0o700)
            os.chown(directory, UID, GID)
        values = {
            "container": self.old_name, "image": MOONFIRE, "state": self.state, "uid": UID,
            "gid": GID, "samples": self.samples, "config": self.config, "network": self.network,
        }  # fmt: skip
        self.script.write_text(SCRIPT.format(**values))
        self.script.chmod(0o755)
        # A time of its own, so that a rollback has something to get right.
        os.utime(self.script, (1_600_000_000, 1_600_000_000))
        self.nvr("init")
        self.add_recordings()
        self.add_lineage()
        self.nvr("run")
        wait_until("the old Moonfire to record", self.moments, seconds=20, every=0.1)

    def nvr(self, *words: str, check: bool = True) -> Done:
        """Use the `nvr` command, whichever it is."""
        return self.world.bed.run([self.script, *words], timeout=60, check=check)

    def add_recordings(self) -> None:
        """Put a sample directory with a recording into the database."""
        with closing(sqlite3.connect(self.state / "db" / "db")) as connection, connection:
            config = json.dumps({"path": str(self.samples)})
            connection.execute(
                "insert into sample_file_dir (uuid, config) values (?, ?)",
                (uuid.uuid4().bytes, config),
            )
            connection.execute(
                "insert into camera (uuid, short_name, config) values (?, 'door', '{}')",
                (uuid.uuid4().bytes,),
            )
        for file in (self.state / "db").iterdir():
            os.chown(file, UID, GID)

    def add_lineage(self) -> None:
        """Lay out what certbot would have."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self.domain)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=80))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(self.domain)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        parts = {"cert": pem, "chain": pem, "fullchain": pem + pem, "privkey": private}
        archive = self.letsencrypt / "archive" / self.domain
        live = self.letsencrypt / "live" / self.domain
        for directory in (archive, live, self.letsencrypt / "renewal"):
            directory.mkdir(parents=True, mode=0o700)
        for part, content in parts.items():
            (archive / f"{part}3.pem").write_bytes(content)
            (live / f"{part}.pem").symlink_to(f"../../archive/{self.domain}/{part}3.pem")
        (archive / "privkey3.pem").chmod(0o600)
        (self.letsencrypt / "renewal" / f"{self.domain}.conf").write_text(self.renewal)

    @property
    def renewal(self) -> str:
        base = "/etc/letsencrypt"
        lines = [f"archive_dir = {base}/archive/{self.domain}"]
        parts = ("cert", "privkey", "chain", "fullchain")
        lines += [f"{part} = {base}/live/{self.domain}/{part}.pem" for part in parts]
        return "\n".join([*lines, "[renewalparams]", "authenticator = nginx", ""])

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
        certificate = Certificate(
            self.domain, self.domain, with_webroot(self.renewal, [self.domain])
        )
        move = Move(
            project=PurePosixPath(self.project),
            settings=settings,
            moonfire_config=NEW_CONFIG.format(address=f"10.209.{self.last_octet}.3"),
            install=Install("nvr-script", MOONFIRE, "0.7.30", self.old_name),
            database=PurePosixPath(self.state / "db"),
            config=PurePosixPath(self.config),
            script=PurePosixPath(self.script),
            certificates=(certificate,),
            letsencrypt=PurePosixPath(self.letsencrypt),
        )
        load(settings, "the test's settings", load_stacks())
        return replace(move, **changes)

    def moments(self) -> list[float]:
        """When was recorded, by the stand-in's own clock."""
        log = self.state / "standin-recording.log"
        return [float(line) for line in log.read_text().splitlines()] if log.exists() else []

    def records(self) -> bool:
        """Whether something was recorded within the last seconds."""
        found = self.moments()
        return bool(found) and time.time() - found[-1] < 2.0

    def longest_gap(self, began: float) -> float:
        """The longest time without recording since then, in seconds."""
        found = [moment for moment in self.moments() if moment >= began - 1.5]
        return max(later - earlier for earlier, later in pairwise([*found, time.time()]))

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

    def served_serial(self) -> int | None:
        """The serial of the certificate that clients are shown."""
        shown = client.served_certificate(self.world.bed, FIRST_CLIENT, self.address, self.domain)
        return None if shown is None else shown.serial_number

    def status(self, path: str) -> int:
        """What https answers to somebody who has not signed in."""
        url = f"https://{self.domain}{path}"
        return client.curl(self.world.bed, FIRST_CLIENT, url, address=self.address).status

    def nvrstack(
        self, what: str, *options: str, move: Move | None = None, check: bool = True
    ) -> Done:
        """Run a part of `nvrstack migrate` on this host."""
        where = self.project
        if what == "run":
            where = self.folder / "move.json"
            where.write_text(text_of(move or self.move()))
        command = [sys.executable, "-m", "tests.e2e.moving_driver", *options, what, str(where)]
        bed = self.world.bed
        return bed.run(command, bed.engine_netns, cwd=TESTS.parent, timeout=240, check=check)

    def fingerprint(self) -> dict[str, Any]:
        """Everything that a way back has to bring back, as far as it does not tell the time."""
        files = [self.script, self.config, *sorted(self.letsencrypt.rglob("*"))]
        found: dict[str, Any] = {str(path): described(path) for path in files}
        shown = self.container()
        return {**found, "container": {k: shown[k] for k in ("Id", "Name", "Config", "HostConfig")}}

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
        self.world.ip(bed.engine_netns, "address", "delete", f"{self.address}/25", "dev", "lan0")
        shutil.rmtree(self.folder, ignore_errors=True)


def described(path: Path) -> tuple[Any, ...]:
    """What makes a file what it is."""
    status = path.lstat()
    content: Any = None
    if path.is_symlink():
        content = str(path.readlink())
    elif path.is_file():
        content = path.read_bytes()
    return (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, content)

"""A host without Docker, as upstream's guide for it and its secure.md leave it.

Each of Moonfire's stand-in, nginx with a certificate that certbot got, and ddclient is a unit of a
stand-in for systemd (`tests/standins/systemd.py`). nginx and certbot are the real ones.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from nvrstack.migration.around.renewal import read_renewal, with_webroot
from nvrstack.migration.install import Install
from nvrstack.migration.plan.move import Certificate, HostNginx, Move
from tests.bed.moonfire import put_program
from tests.bed.paths import STANDINS
from tests.bed.pebble import DIRECTORY_URL
from tests.bed.rootfs import chroot_command
from tests.e2e.old_install import GID, UID, OldInstall, described
from tests.e2e.waiting import wait_until

MOONFIRE_UNIT = "moonfire-nvr.service"
NGINX_UNIT, DDCLIENT_UNIT, TIMER = "nginx.service", "ddclient.service", "certbot.timer"
UNITS = (MOONFIRE_UNIT, NGINX_UNIT, DDCLIENT_UNIT, TIMER)
CONFIG = """\
dbDir = "{state}/db"

[[binds]]
ipv4 = "{address}:8080"
trustForwardHeaders = true
"""
NGINX = """\
daemon off;
error_log stderr;
events {{}}
http {{
    access_log off;
    server {{
        listen {address}:80;
        location /.well-known/acme-challenge/ {{ root /webroot; }}
    }}
{tls}
}}
"""
TLS = """\
    server {{
        listen {address}:443 ssl;
        ssl_certificate /etc/letsencrypt/live/{domain}/fullchain.pem;
        ssl_certificate_key /etc/letsencrypt/live/{domain}/privkey.pem;
        location / {{ proxy_pass http://{address}:8080; }}
    }}
"""
AS_FIRST_PROCESS = 'mount -t tmpfs run /run && mkdir -p /run/systemd/system && exec "$@"'
"""Where sd_booted(3) looks, for the one command that follows."""


@dataclass
class OldHouse(OldInstall):
    """The host; what is a script or a container elsewhere is a unit here."""

    certificate: Certificate = field(init=False)

    @property
    def running_before(self) -> list[str]:
        """No container runs."""
        return []

    def stop_and_start(self) -> None:
        """The unit."""
        self.systemctl("stop", MOONFIRE_UNIT)
        self.systemctl("start", MOONFIRE_UNIT)

    @property
    def systemd(self) -> Path:
        return self.folder / "systemd"

    def make(self) -> None:
        """Let it all run, with a certificate of the authority."""
        self.world.ip(
            self.world.bed.engine_netns, "address", "replace", f"{self.address}/25", "dev", "lan0"
        )
        self.world.know(self.domain, self.address)
        self.make_programs()
        for directory in (self.state, self.samples):
            directory.mkdir(mode=0o700)
            os.chown(directory, UID, GID)
        program = self.folder / "bin/moonfire-nvr"
        ids = ["setpriv", "--clear-groups", "--reuid", str(UID), "--regid", str(GID)]
        self.world.bed.run([*ids, program, "init", "--db-dir", self.state / "db"])
        self.add_camera()
        self.config.write_text(CONFIG.format(state=self.state, address=self.address))
        self.add_units(program)
        for unit in (MOONFIRE_UNIT, NGINX_UNIT, DDCLIENT_UNIT):
            self.systemctl("enable", unit)
            self.systemctl("start", unit)
        self.certify()
        self.systemctl("try-reload-or-restart", NGINX_UNIT)
        (self.folder / "cron-certbot").write_text("0 */12 * * * root certbot -q renew\n")
        self.systemctl("enable", TIMER)
        self.systemctl("start", TIMER)
        wait_until("the old Moonfire to record", self.records, seconds=20, every=0.1)
        wait_until("the old page", lambda: self.status("/") == 200, seconds=20)

    def make_programs(self) -> None:
        """Put the programs there that this host has, and systemctl among them."""
        programs = self.folder / "bin"
        programs.mkdir(parents=True)
        put_program(programs / "moonfire-nvr")
        systemctl = [sys.executable, str(STANDINS / "systemd.py"), str(self.systemd)]
        (programs / "systemctl").write_text(f'#!/bin/sh\nexec {shlex.join(systemctl)} "$@"\n')
        (programs / "systemctl").chmod(0o755)
        self.env = {"PATH": f"{programs}:{self.world.bed.env['PATH']}"}
        self.enter = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
        self.enter += [AS_FIRST_PROCESS, "sh"]

    def add_units(self, program: Path) -> None:
        """Write the unit files."""
        (self.systemd / "units").mkdir(parents=True)
        (self.folder / "webroot").mkdir()
        self.letsencrypt.mkdir(mode=0o700)
        self.write_nginx("")
        start = {
            MOONFIRE_UNIT: f"{program} run --config {self.config}",
            NGINX_UNIT: shlex.join(self.in_tree("nginx", "-c", "/nginx.conf")),
            DDCLIENT_UNIT: "sleep 600",
        }
        for unit, command in start.items():
            lines = ["[Service]", f"ExecStart={command}".replace("\n", "; ")]
            if unit == MOONFIRE_UNIT:
                lines += [f"User={UID}", f"Group={GID}", "Environment=TZ=Etc/UTC"]
            (self.systemd / "units" / unit).write_text("\n".join([*lines, ""]))
        (self.systemd / "units" / TIMER).write_text("[Timer]\nOnCalendar=daily\n")

    def write_nginx(self, tls: str) -> None:
        (self.folder / "nginx.conf").write_text(NGINX.format(address=self.address, tls=tls))

    def in_tree(self, *words: str, env: Mapping[str, str] | None = None) -> list[str]:
        """The command line of a program of the Debian tree, with this host's files."""
        files = self.folder
        hosts = files / "hosts"
        hosts.write_text(f"{self.world.bed.internet_address} pebble\n")
        binds = {
            files / "nginx.conf": "/nginx.conf",
            files / "webroot": "/webroot",
            self.letsencrypt: "/etc/letsencrypt",
            hosts: "/etc/hosts",
            self.world.authority_root: "/authority.pem",
        }
        return chroot_command(list(words), binds, env=env)

    def certify(self) -> None:
        """Let certbot get the certificate, by the webroot of the host's nginx."""
        self.world.authority.start()
        words = ["certbot", "certonly", "--non-interactive", "--agree-tos", "--webroot"]
        words += ["--email", "owner@nvr.example.com", "--server", DIRECTORY_URL]
        words += ["--webroot-path", "/webroot", "--domain", self.domain]
        env = {"REQUESTS_CA_BUNDLE": "/authority.pem"}
        bed = self.world.bed
        bed.run(self.in_tree(*words, env=env), bed.engine_netns, timeout=120)
        self.write_nginx(TLS.format(address=self.address, domain=self.domain))
        renewal = (self.letsencrypt / "renewal" / f"{self.domain}.conf").read_text()
        account = read_renewal(self.domain, renewal).account
        place = DIRECTORY_URL.removeprefix("https://")
        self.certificate = Certificate(
            self.domain,
            self.domain,
            with_webroot(renewal, [self.domain]),
            f"{place}/{account}",
        )

    def systemctl(self, *words: str) -> str:
        """Use the stand-in for systemctl."""
        bed = self.world.bed
        done = bed.run([self.folder / "bin/systemctl", *words], bed.engine_netns, env=self.env)
        return done.stdout

    def units(self) -> dict[str, str]:
        """How each unit stands."""
        return {unit: self.systemctl("show", unit) for unit in UNITS}

    def move(self, **changes: Any) -> Move:
        """What the plan would decide."""
        move = super().move()
        install = Install("systemd", "", "0.7.30", "moonfire-nvr", network="host")
        move = replace(
            move,
            install=install,
            unit=MOONFIRE_UNIT,
            script=None,
            nginx=HostNginx(NGINX_UNIT),
            certificates=(self.certificate,),
            renewal_units=(TIMER,),
            renewal_files=(PurePosixPath(self.folder / "cron-certbot"),),
            ddclient_units=(DDCLIENT_UNIT,),
        )
        return replace(move, **changes)

    @property
    def trusted(self) -> Path:
        return self.world.issuing_root()

    def files(self) -> dict[str, Any]:
        """The files that come back."""
        found = [self.config, self.folder / "cron-certbot", *self.letsencrypt.rglob("*")]
        return {str(path): described(path) for path in sorted(found)}

    def fingerprint(self) -> dict[str, Any]:
        """Everything that a way back has to bring back."""
        return {**self.files(), "units": self.units()}

    def remove(self) -> None:
        """Take it all away again."""
        for unit in UNITS:
            if (self.systemd / "units" / unit).exists():
                self.systemctl("stop", unit)
        super().remove()

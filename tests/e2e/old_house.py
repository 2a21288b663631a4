"""A host without Docker's Moonfire, as upstream's guide for it and its secure.md leave it.

It is a Debian of its own that boots, with its own systemd: Moonfire's stand-in is a unit with a
socket beside it; nginx with a certificate that certbot got, certbot's timer and ddclient are
Debian's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from nvrstack.migration.around.renewal import read_renewal, with_webroot
from nvrstack.migration.install import Install
from nvrstack.migration.plan.move import Certificate, HostNginx, Move
from nvrstack.rendering.quoting import quote_ddclient_password
from tests.bed.booted import BootedHost
from tests.bed.engine_host import boot, engine_host
from tests.bed.moonfire import put_program
from tests.bed.paths import TESTS
from tests.bed.pebble import DIRECTORY_URL
from tests.bed.process import Done, Word
from tests.e2e.old_install import GID, UID, OldInstall, described
from tests.e2e.waiting import wait_until
from tests.e2e.world import DDNS_PASSWORD, DYNDNS, DYNDNS_PORT, LOGIN, World

MOONFIRE_UNIT, SOCKET_UNIT = "moonfire-nvr.service", "moonfire-nvr.socket"
NGINX_UNIT, DDCLIENT_UNIT, TIMER = "nginx.service", "ddclient.service", "certbot.timer"
UNITS = (MOONFIRE_UNIT, SOCKET_UNIT, NGINX_UNIT, DDCLIENT_UNIT, TIMER)
SOCKET_PORT = 8081
PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "FragmentPath", "DropInPaths", "Result")
SYSTEM = "etc/systemd/system"
CRON = "/etc/cron.d/certbot"
CONFIG = """\
dbDir = "{state}/db"

[[binds]]
ipv4 = "{address}:8080"
trustForwardHeaders = true

[[binds]]
systemd = "moonfire-nvr.socket"
"""
SERVICE = """\
[Unit]
Description=Moonfire NVR
After=network-online.target

[Service]
ExecStart=/usr/local/bin/moonfire-nvr run --config {config}
Environment=TZ=Etc/UTC
Environment=RUST_BACKTRACE=1
Type=notify
TimeoutStartSec=300
User=moonfire-nvr
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""
DROP_IN = "[Unit]\nRequiresMountsFor={samples}\n[Service]\nMemoryAccounting=true\n"
SOCKET = """\
[Socket]
ListenStream={address}:8081

[Install]
WantedBy=sockets.target
"""
NGINX = """\
server {{
    listen {address}:80;
    location /.well-known/acme-challenge/ {{ root /var/www; }}
}}
{tls}
"""
TLS = """\
server {{
    listen {address}:443 ssl;
    ssl_certificate /etc/letsencrypt/live/{domain}/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/{domain}/privkey.pem;
    location / {{ proxy_pass http://{address}:8080; }}
}}
"""
DDCLIENT = """\
protocol=dyndns2
use=ip, ip={address}
server={server}
login={login}
password={password}
{domain}
"""


@contextmanager
def old_house(world: World, folder: Path, name: str, last_octet: int) -> Iterator[OldHouse]:
    """Let a host boot that has the bed's engine, and what is to be moved on it."""
    with engine_host([world.folder.parent]) as host:
        made = OldHouse(world, folder / name, name, last_octet, host=host)
        try:
            made.make()
            yield made
        finally:
            made.remove()


@dataclass
class OldHouse(OldInstall):
    """The host; what is a script or a container elsewhere is a unit here."""

    host: BootedHost = field(kw_only=True)
    certificate: Certificate = field(init=False)

    @property
    def running_before(self) -> list[str]:
        """No container runs."""
        return []

    @property
    def letsencrypt(self) -> Path:
        return self.host.root / "etc/letsencrypt"

    def on_host(self, command: Sequence[Word], *, check: bool) -> Done:
        """Run a program of the tests' on the booted host."""
        env = {**self.world.bed.env, **self.env, "PYTHONPATH": str(TESTS.parent)}
        return self.host.run(command, env=env, timeout=240, check=check)

    def boot_again(self) -> None:
        """Let the host boot after its power was cut."""
        self.host.cut_power()
        boot(self.host)

    def stop_and_start(self) -> None:
        """The unit."""
        self.host.systemctl("restart", MOONFIRE_UNIT)

    def make(self) -> None:
        """Let it all run, with a certificate of the authority."""
        self.world.ip(
            self.world.bed.engine_netns, "address", "replace", f"{self.address}/25", "dev", "lan0"
        )
        self.world.know(self.domain, self.address)
        self.folder.mkdir()
        self.write("/etc/resolv.conf", f"nameserver {self.world.bed.internet_address}\n")
        self.make_moonfire()
        self.make_neighbours()
        self.host.systemctl("daemon-reload")
        self.host.systemctl("enable", "--now", SOCKET_UNIT, MOONFIRE_UNIT, NGINX_UNIT)
        self.certify()
        self.host.systemctl("reload", NGINX_UNIT)
        self.host.systemctl("enable", "--now", DDCLIENT_UNIT, TIMER)
        wait_until("the old Moonfire to record", self.records, seconds=60, every=0.1)
        wait_until("the old page", lambda: self.status("/") == 200, seconds=20)

    def make_moonfire(self) -> None:
        """Put Moonfire there, with a user, a database and its units."""
        put_program(self.host.root / "usr/local/bin/moonfire-nvr")
        self.host.run(["groupadd", "--gid", str(GID), "moonfire-nvr"])
        user = ["--uid", str(UID), "--gid", str(GID), "--no-create-home", "moonfire-nvr"]
        self.host.run(["useradd", *user])
        for directory in (self.state, self.samples):
            directory.mkdir(mode=0o700)
            os.chown(directory, UID, GID)
        ids = ["setpriv", "--clear-groups", "--reuid", str(UID), "--regid", str(GID)]
        self.host.run([*ids, "moonfire-nvr", "init", "--db-dir", self.state / "db"])
        self.add_camera()
        self.config.write_text(CONFIG.format(state=self.state, address=self.address))
        units = f"/{SYSTEM}"
        self.write(f"{units}/{MOONFIRE_UNIT}", SERVICE.format(config=self.config))
        self.write(f"{units}/{MOONFIRE_UNIT}.d/own.conf", DROP_IN.format(samples=self.samples))
        self.write(f"{units}/{SOCKET_UNIT}", SOCKET.format(address=self.address))

    def make_neighbours(self) -> None:
        """Set up what else the guide has on the host."""
        self.write_nginx("")
        values = {
            "address": self.address, "server": f"{DYNDNS}:{DYNDNS_PORT}", "login": LOGIN,
            "password": quote_ddclient_password(DDNS_PASSWORD), "domain": self.domain,
        }  # fmt: skip
        self.write("/etc/ddclient.conf", DDCLIENT.format(**values), mode=0o600)
        self.write(CRON, "0 */12 * * * root certbot -q renew\n")

    def write_nginx(self, tls: str) -> None:
        """Write the site of Moonfire."""
        self.write("/etc/nginx/sites-enabled/nvr", NGINX.format(address=self.address, tls=tls))

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file of the host's, as its owner does."""
        file = self.host.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def certify(self) -> None:
        """Let certbot get the certificate, by the webroot of the host's nginx."""
        self.world.authority.start()
        words = ["certbot", "certonly", "--non-interactive", "--agree-tos", "--webroot"]
        words += ["--email", "owner@nvr.example.com", "--server", DIRECTORY_URL]
        words += ["--webroot-path", "/var/www", "--domain", self.domain]
        trusted = {"REQUESTS_CA_BUNDLE": str(self.world.authority_root)}
        self.host.run(words, env=trusted, timeout=120)
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

    def units(self) -> dict[str, str]:
        """How each unit stands."""
        wanted = f"--property={','.join(PROPERTIES)}"
        return {unit: self.host.systemctl("show", wanted, unit) for unit in UNITS}

    def move(self, **changes: Any) -> Move:
        """What the plan would decide."""
        move = super().move()
        install = Install("systemd", "", "0.7.30", "moonfire-nvr", network="host")
        move = replace(
            move,
            install=install,
            unit=MOONFIRE_UNIT,
            triggers={MOONFIRE_UNIT: (SOCKET_UNIT,)},
            script=None,
            nginx=HostNginx(NGINX_UNIT),
            letsencrypt=PurePosixPath("/etc/letsencrypt"),
            certificates=(self.certificate,),
            renewal_units=(TIMER,),
            renewal_files=(PurePosixPath(CRON),),
            ddclient_units=(DDCLIENT_UNIT,),
        )
        return replace(move, **changes)

    @property
    def trusted(self) -> Path:
        return self.world.issuing_root()

    def files(self) -> dict[str, Any]:
        """The files that come back, by their paths on the host."""
        root = self.host.root
        there = [root / CRON.lstrip("/"), root / "etc/ddclient.conf"]
        for folder in ("etc/letsencrypt", "etc/nginx", SYSTEM):
            there += sorted((root / folder).rglob("*"))
        found = {str(path.relative_to(root)): described(path) for path in there}
        # Folders and links that were made again are younger.
        return {
            name: (*what[:3], what[4]) if what[4] is None or name.startswith(SYSTEM) else what
            for name, what in found.items()
        } | {str(self.config): described(self.config)}

    def fingerprint(self) -> dict[str, Any]:
        """Everything that a way back has to bring back."""
        return {**self.files(), "units": self.units()}

    def remove(self) -> None:
        """Take away what outlasts the host, once nobody records there any more."""
        if not self.host.is_off:
            self.host.systemctl("stop", SOCKET_UNIT, MOONFIRE_UNIT, check=False)
        super().remove()

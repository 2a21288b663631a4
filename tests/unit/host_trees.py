"""Root directories of made-up hosts on which Moonfire has been installed."""

import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from nvrstack.pki.certificates import local_leaf, local_root
from tests.moonfire.rows import Camera, add_camera, add_directory
from tests.standins.moonfire.schema_tables import SCHEMA_7

UNIT = """\
[Unit]
Description=Moonfire NVR
[Service]
ExecStart=/usr/local/bin/moonfire-nvr run
Environment=TZ=:America/Los_Angeles RUST_BACKTRACE=1
User=moonfire-nvr
Restart=on-failure
[Install]
WantedBy=multi-user.target
"""
COMPOSE = """\
services:
  moonfire-nvr:
    image: ghcr.io/scottlamb/moonfire-nvr:v0.7.25
    command: run
    user: 1010:1011
    environment: {TZ: "America/Los_Angeles", RUST_BACKTRACE: 1}
    volumes:
      - /var/lib/moonfire-nvr:/var/lib/moonfire-nvr
      - /etc/moonfire-nvr.toml:/etc/moonfire-nvr.toml:ro
      - /media/nvr:/media/nvr
      - /usr/share/zoneinfo:/usr/share/zoneinfo:ro
    ports: ["8080:8080/tcp"]
    restart: unless-stopped
"""
CONFIG = """\
# From the guide.
[[binds]]
ipv4 = "0.0.0.0:8080"
allowUnauthenticatedPermissions = { viewVideo = true }

[[binds]]
unix = "/var/lib/moonfire-nvr/sock"
ownUidIsPrivileged = true
"""
NGINX = """\
events {}
http {
  map $http_upgrade $connection_upgrade { default upgrade; "" close; }
  server {
    listen 443 ssl;
    server_name nvr.example.com nvr;
    ssl_certificate /etc/letsencrypt/live/nvr.example.com/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/nvr.example.com/privkey.pem;
    location / { proxy_pass http://127.0.0.1:8080; }
  }
}
"""
RENEWAL = """\
version = 2.1.0
archive_dir = /etc/letsencrypt/archive/nvr.example.com
cert = /etc/letsencrypt/live/nvr.example.com/cert.pem
privkey = /etc/letsencrypt/live/nvr.example.com/privkey.pem
chain = /etc/letsencrypt/live/nvr.example.com/chain.pem
fullchain = /etc/letsencrypt/live/nvr.example.com/fullchain.pem
[renewalparams]
account = 0123456789abcdef0123456789abcdef
authenticator = nginx
installer = nginx
key_type = ecdsa
server = https://acme-v02.api.letsencrypt.org/directory
"""
DDCLIENT = """\
daemon=300
protocol=noip
use=web
login=me
password='the ddns password'
nvr.example.com
"""
DDNS_PASSWORD = "the ddns password"


def put(root: Path, path: str, content: str | bytes) -> Path:
    """A file below `root`."""
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


def host(root: Path, *, users: bool = True, samples: str = "/media/nvr") -> Path:
    """A host with Moonfire's user, its database with an account, a camera, and a sample disk."""
    put(root, "/etc/passwd", "moonfire-nvr:x:1010:1011::/var/lib/moonfire-nvr:/bin/false\n")
    put(root, "/etc/group", "moonfire-nvr:x:1011:\n")
    put(root, "/etc/timezone", "Europe/Berlin\n")
    (root / samples.lstrip("/")).mkdir(parents=True, exist_ok=True)
    place = put(root, "/var/lib/moonfire-nvr/db/db", b"")
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(SCHEMA_7)
        connection.execute("insert into version values (7, 0, 'made for a test')")
        if users:
            connection.execute(
                "insert into user (username, password_hash, permissions)"
                " values ('alice', '$scrypt$ln=4,r=8,p=1$YQ$YQ', x'0801')"
            )
        front = Camera("front", {"main": "rtsp://192.168.1.20/1"})
        add_camera(connection, front, add_directory(connection, samples))
        connection.commit()
    return root


def recorded_in(root: Path, *paths: str) -> None:
    """Further directories of recordings, which no stream uses, in the database of a `host`."""
    with closing(sqlite3.connect(root / "var/lib/moonfire-nvr/db/db")) as connection:
        for path in paths:
            connection.execute(
                "insert into sample_file_dir (uuid, config) values (?, ?)",
                (os.urandom(16), json.dumps({"path": path})),
            )
        connection.commit()


def systemd(root: Path, config: str | None = CONFIG) -> Path:
    """Moonfire as an enabled unit."""
    put(root, "/etc/systemd/system/moonfire-nvr.service", UNIT)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "moonfire-nvr.service").symlink_to("../moonfire-nvr.service")
    if config is not None:
        put(root, "/etc/moonfire-nvr.toml", config)
    return root


def compose(root: Path) -> Path:
    """Moonfire as upstream's guide has it in a compose file."""
    put(root, "/opt/moonfire-nvr/docker-compose.yml", COMPOSE)
    put(root, "/etc/moonfire-nvr.toml", CONFIG)
    return root


def secured(root: Path) -> Path:
    """The guide followed to its end: nginx, certbot, ddclient, each enabled."""
    put(root, "/etc/nginx/nginx.conf", NGINX)
    now = datetime.now(UTC)
    names = ("nvr.example.com",)
    certificate = local_leaf(local_root(names, now), names, now).certificate
    put(root, "/etc/letsencrypt/live/nvr.example.com/cert.pem", certificate)
    put(root, "/etc/letsencrypt/renewal/nvr.example.com.conf", RENEWAL)
    put(root, "/etc/ddclient.conf", DDCLIENT)
    for unit, wanted in (
        ("nginx.service", "multi-user"),
        ("ddclient.service", "multi-user"),
        ("certbot.timer", "timers"),
    ):
        wants = root / f"etc/systemd/system/{wanted}.target.wants"
        wants.mkdir(parents=True, exist_ok=True)
        (wants / unit).symlink_to(f"/lib/systemd/system/{unit}")
    return root

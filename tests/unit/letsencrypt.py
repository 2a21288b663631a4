"""certbot's directory, as certbot writes it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nvrstack.pki.certificates import LEAF_LIFETIME, local_leaf, local_root

NAME = "nvr.example.com"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RENEWAL = """\
# renew_before_expiry = 30 days
version = 5.6.0
archive_dir = /etc/letsencrypt/archive/nvr.example.com
cert = /etc/letsencrypt/live/nvr.example.com/cert.pem
privkey = /etc/letsencrypt/live/nvr.example.com/privkey.pem
chain = /etc/letsencrypt/live/nvr.example.com/chain.pem
fullchain = /etc/letsencrypt/live/nvr.example.com/fullchain.pem

# Options used in the renewal process
[renewalparams]
account = 0123456789abcdef0123456789abcdef
authenticator = webroot
webroot_path = /var/www/webroot,
server = https://ca.example/dir?a=%20b&c=${d}
key_type = ecdsa
work_dir = /tmp/certbot
logs_dir = /var/lib/nvrstack/logs
[[webroot_map]]
nvr.example.com = /var/www/webroot
b.example.com = /var/www/webroot

[acme_renewal_info]
ari_retry_after = 2026-03-01T18:00:00
"""
"""What certbot 5.6 writes into renewal/NAME.conf."""


def lineage(
    letsencrypt: Path,
    name: str = NAME,
    names: Sequence[str] = (NAME,),
    now: datetime = NOW,
    life: timedelta = LEAF_LIFETIME,
) -> dict[str, bytes]:
    """Make a lineage as certbot does; give the content of its own files."""
    live, archive = letsencrypt / "live" / name, letsencrypt / "archive" / name
    live.mkdir(parents=True)
    archive.mkdir(parents=True)
    (letsencrypt / "renewal").mkdir(exist_ok=True)
    root = local_root(["example.com"], now)
    pair = local_leaf(root, names, now, life)
    for part, content in {
        "cert": pair.certificate,
        "chain": root.certificate,
        "fullchain": pair.certificate + root.certificate,
        "privkey": pair.key,
    }.items():
        (archive / f"{part}1.pem").write_bytes(content)
        (live / f"{part}.pem").symlink_to(f"../../archive/{name}/{part}1.pem")
    (letsencrypt / "renewal" / f"{name}.conf").write_text(RENEWAL.replace(NAME, name))
    return contents(letsencrypt)


def contents(letsencrypt: Path) -> dict[str, bytes]:
    """The content of every file that is no link, by its name."""
    files = [p for p in letsencrypt.rglob("*") if p.is_file() and not p.is_symlink()]
    return {path.name: path.read_bytes() for path in files}

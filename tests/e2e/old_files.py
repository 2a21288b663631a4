"""The files of an old install, as upstream's guides have them, and the settings it moves to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

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
    exec docker run --detach=true --restart={restart} "${{common_docker_run_args[@]}}" \\
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
email = "owner@nvr.example.com"

[moonfire]
uid = {uid}
gid = {gid}
timezone = "Etc/UTC"
state_dir = "{state}"
sample_dirs = ["{samples}"]

[network]
backend_subnet = "{subnet}"
"""


def lay_out_lineage(letsencrypt: Path, domain: str) -> None:
    """Lay out what certbot has after its third certificate for a domain."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, domain)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=80))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    parts = {"cert": pem, "chain": pem, "fullchain": pem + pem, "privkey": private}
    archive, live = letsencrypt / "archive" / domain, letsencrypt / "live" / domain
    for directory in (archive, live, letsencrypt / "renewal"):
        directory.mkdir(parents=True, mode=0o700)
    for part, content in parts.items():
        (archive / f"{part}3.pem").write_bytes(content)
        (live / f"{part}.pem").symlink_to(f"../../archive/{domain}/{part}3.pem")
    (archive / "privkey3.pem").chmod(0o600)
    (letsencrypt / "renewal" / f"{domain}.conf").write_text(renewal_text(domain))


def renewal_text(domain: str) -> str:
    """certbot's renewal file of a domain whose challenge nginx answered."""
    base = "/etc/letsencrypt"
    lines = [f"archive_dir = {base}/archive/{domain}"]
    parts = ("cert", "privkey", "chain", "fullchain")
    lines += [f"{part} = {base}/live/{domain}/{part}.pem" for part in parts]
    return "\n".join([*lines, "[renewalparams]", "authenticator = nginx", ""])

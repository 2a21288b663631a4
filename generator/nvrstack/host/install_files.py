"""The files of a host that tell about an existing installation: read, and never changed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nvrstack.host.rooted_files import files_below, names_in, read_bytes, read_text

COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
OVERRIDES = tuple(name.replace(".y", ".override.y") for name in COMPOSE_NAMES)
NOT_NGINX = (".key", ".pem", ".crt", ".der", ".p12", ".htpasswd", ".mmdb", ".dat", ".so")
FRONT_DOORS = (
    "/etc/caddy",
    "/etc/apache2",
    "/etc/httpd/conf",
    "/etc/httpd/conf.d",
    "/etc/haproxy",
    "/etc/traefik",
)
DDCLIENT = ("/etc/ddclient.conf", "/etc/ddclient/ddclient.conf")


@dataclass(frozen=True)
class CertbotFiles:
    """Renewal files and certificates by lineage, and account ids by server URL without https://."""

    renewals: Mapping[str, str]
    certificates: Mapping[str, bytes]
    accounts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ComposeFile:
    """A compose file that people would use in its directory, and the `.env` file beside it.

    `overrides` are files beside it that Compose adds to it by itself.
    """

    path: str
    text: str
    env: str
    overrides: tuple[str, ...] = ()


def as_called(path: str) -> str:
    """The absolute path by which people call a file: not where a link leads."""
    return os.path.abspath(path)  # noqa: PTH100 - Path.resolve would follow links


def nginx_files(root: Path) -> dict[str, str]:
    """The texts of the files below /etc/nginx that may be configuration, by their paths there.

    Keys, certificates and password files, by their endings, are not read.
    """
    paths = files_below(root, "/etc/nginx")
    found = {path: read_text(root, path) for path in paths if not path.endswith(NOT_NGINX)}
    return {path: text for path, text in found.items() if text is not None}


def front_door_files(root: Path) -> dict[str, str]:
    """The texts of other web servers' settings that count, by their paths."""
    paths = [p for place in FRONT_DOORS for p in files_below(root, place)]
    paths = [p for p in paths if not p.endswith(NOT_NGINX) and "-available/" not in p]
    found = {path: read_text(root, path) for path in paths}
    return {path: text for path, text in found.items() if text is not None}


def certbot_files(root: Path, base: str = "/etc/letsencrypt") -> CertbotFiles:
    """What certbot keeps; private keys are not read."""
    renewals, certificates = {}, {}
    for file in names_in(root, f"{base}/renewal"):
        text = read_text(root, f"{base}/renewal/{file}") if file.endswith(".conf") else None
        if text is None:
            continue
        name = file.removesuffix(".conf")
        renewals[name] = text
        certificate = read_bytes(root, f"{base}/live/{name}/cert.pem")
        if certificate is not None:
            certificates[name] = certificate
    accounts: dict[str, tuple[str, ...]] = {}
    for path in files_below(root, f"{base}/accounts"):
        server, _, file = path.removeprefix(f"{base}/accounts/").rpartition("/")
        if file == "regr.json":
            server, _, account = server.rpartition("/")
            accounts[server] = (*accounts.get(server, ()), account)
    return CertbotFiles(renewals, certificates, {k: tuple(sorted(v)) for k, v in accounts.items()})


def certbot_hooks(root: Path, base: str = "/etc/letsencrypt") -> tuple[list[str], str]:
    """The scripts that certbot runs for every lineage, and the text of its own settings."""
    scripts = sorted(files_below(root, f"{base}/renewal-hooks"))
    return scripts, read_text(root, f"{base}/cli.ini") or ""


def ddclient_conf(root: Path) -> str | None:
    """The text of ddclient's settings, None where there are none. It holds a password."""
    texts = (read_text(root, path) for path in DDCLIENT)
    return next((text for text in texts if text is not None), None)


def compose_file(root: Path, directory: str) -> ComposeFile | None:
    """The compose file of a directory, by Compose's own order of names."""
    for name in COMPOSE_NAMES:
        found = compose_file_at(root, f"{directory.rstrip('/')}/{name}")
        if found is not None:
            return found
    return None


def compose_file_at(root: Path, path: str) -> ComposeFile | None:
    """The compose file at `path`, whatever it is called, with what lies beside it."""
    text = read_text(root, path)
    if text is None:
        return None
    directory, _, name = path.rpartition("/")
    env = read_text(root, f"{directory}/.env") or ""
    # Compose adds an override to the files that it finds by itself, see docker-compose(1), -f.
    beside = names_in(root, directory or "/") if name in COMPOSE_NAMES else ()
    overrides = tuple(f"{directory}/{each}" for each in OVERRIDES if each in beside)
    return ComposeFile(path, text, env, overrides)

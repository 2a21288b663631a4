"""Whole projects on disk, as `nvrstack init` would leave them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nvrstack.host.apply import apply, make_directory
from nvrstack.pki.certificates import local_leaf, local_root
from nvrstack.pki.keep import missing_certificates
from nvrstack.rendering.layout import directories
from nvrstack.rendering.render import Material, render
from nvrstack.settings.load import merge, validate
from nvrstack.settings.model import Settings
from nvrstack.settings.secrets import required_secrets
from nvrstack.stacks import Stack, find_stack, load_stacks
from nvrstack.tree import Tree
from tests.contract.extremes import SECRETS

CREDENTIALS = "dns_cloudflare_api_token = t0ken"
PASSWORD = "s3cret, of #our$ '\"own\\"

USUAL: Mapping[str, Any] = {
    "schema": 1,
    "project": {"uid": 1000, "gid": 1000},
    "site": {"domain": "nvr.example.com"},
    "moonfire": {"uid": 998, "gid": 997, "timezone": "Europe/Berlin", "state_dir": "data/moonfire"},
    "network": {"backend_subnet": "172.31.255.0/29"},
}
"""What every stack needs; all else is left to its defaults."""

NEEDED: Mapping[str, Mapping[str, Any]] = {
    "public": {"ddns": {"provider": "noip", "login": "me"}},
    "lan": {"site": {"domain": "nvr.home.arpa"}},
    "dns-challenge": {"certificate": {"dns_provider": "cloudflare"}},
    "own-certificate": {"certificate": {"chain_file": "own.pem", "key_file": "own.key"}},
}
"""What one stack needs beside that."""


@dataclass(frozen=True)
class Project:
    """Settings and what came of them; the files are in `directory` once they were written."""

    settings: Settings
    stack: Stack
    files: Tree
    directory: Path

    @property
    def owner(self) -> tuple[int, int]:
        """Whom nginx, certbot and ddclient run as."""
        return self.settings.project.uid, self.settings.project.gid

    def text(self, path: str) -> str:
        """One rendered file."""
        return self.files[path].content.decode()


def stack_names() -> tuple[str, ...]:
    """Every stack that ships."""
    return tuple(load_stacks())


def settings_for(stack: str, *changes: Mapping[str, Any]) -> Settings:
    """Valid settings for a stack: what it needs, and then each of the changes."""
    data = merge(USUAL, NEEDED.get(stack, {}))
    for change in changes:
        data = merge(data, change)
    return validate({**data, "stack": stack}, "nvrstack.toml", load_stacks())


def project(
    directory: Path,
    stack: str,
    *changes: Mapping[str, Any],
    password: str | None = None,
    given: Mapping[str, str] | None = None,
    authority_root: bytes | None = None,
) -> Project:
    """A rendered project that is not on disk yet; `given` are secrets that are no passwords."""
    settings = settings_for(stack, *changes)
    found = find_stack(stack, load_stacks())
    password = password or SECRETS.get(settings.ddns.provider or "", PASSWORD)
    secrets = {secret.name: password for secret in required_secrets(settings)}
    secrets |= {"dns_credentials": CREDENTIALS} if "dns_credentials" in secrets else {}
    secrets |= given or {}
    files = render(settings, found, Material(secrets, authority_root))
    return Project(settings, found, files, directory)


def write(made: Project) -> Project:
    """Put a project on disk, with its directories and the certificates it makes itself."""
    make_directory(made.directory, 0o755, made.owner)
    for entry in directories(made.settings, made.stack):
        path = made.directory / entry.path
        if path.is_relative_to(made.directory):
            make_directory(path, entry.mode, made.owner)
    apply(made.directory, made.files, made.owner)
    now, names = datetime.now(UTC), made.settings.every_name
    own = (
        local_leaf(local_root(names, now), names, now) if made.settings.certificate.is_own else None
    )
    apply(made.directory, missing_certificates(made.settings, {}, now, own), made.owner)
    return made


def holders(directory: Path, secret: str) -> dict[str, int]:
    """The files below a directory that hold a secret, and who may read each: its mode."""
    files = (path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    return {
        str(path.relative_to(directory)): path.stat().st_mode & 0o777
        for path in files
        if secret.encode() in path.read_bytes()
    }


def hurry(script: Path, equals: str, pace: Mapping[str, str]) -> None:
    """Set a script's own constants, so that a test need not wait as long as an owner."""
    text = script.read_text()
    for name, value in pace.items():
        line = f"{name}{equals}{value}"
        text, found = re.subn(rf"^{name}{equals}.+$", line, text, flags=re.MULTILINE)
        assert found == 1, name
    script.write_text(text)

"""Certificates as an authority would have issued them, put where certbot puts them."""

import os
from datetime import UTC, datetime
from pathlib import Path

from nvrstack.pki.certificates import Pair, local_leaf, local_root
from tests.contract.rendered import Project


def issue(*names: str) -> Pair:
    """A new certificate from a new authority."""
    now = datetime.now(UTC)
    return local_leaf(local_root(names, now), names, now)


def live(project: Project) -> Path:
    """The directory in which certbot would keep the project's certificate."""
    path = project.directory / "data/letsencrypt/live" / project.settings.site.domain
    path.mkdir(parents=True, exist_ok=True)
    for folder in (path, path.parent):
        os.chown(folder, *project.owner)
    return path


def put(project: Project, pair: Pair) -> None:
    """Both files of a pair, the key first."""
    put_file(project, "privkey.pem", pair.key)
    put_file(project, "fullchain.pem", pair.certificate)


def put_file(project: Project, name: str, content: bytes) -> None:
    """One file, complete from the first moment and readable for the services alone."""
    path = live(project) / name
    fresh = path.with_name("." + path.name)
    fresh.write_bytes(content)
    fresh.chmod(0o600)
    os.chown(fresh, *project.owner)
    fresh.replace(path)

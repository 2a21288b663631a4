"""`nvrstack upgrade`: which newer versions this release of nvrstack knows."""

from typing import TYPE_CHECKING

import typer

from nvrstack.cli.console import Console

if TYPE_CHECKING:
    from nvrstack.settings.model import Settings


def known_versions(settings: "Settings") -> dict[str, tuple[str, str]]:
    """The present version of each image and the one that this nvrstack is made for, by setting."""
    from nvrstack.services import images

    return {
        "moonfire.version": (settings.moonfire.version, images.MOONFIRE_VERSION),
        "images.nginx": (settings.images.nginx, images.NGINX),
        "images.certbot": (settings.images.certbot, images.CERTBOT),
        "images.ddclient": (settings.images.ddclient, images.DDCLIENT),
    }


def newer_versions(settings: "Settings") -> dict[str, tuple[str, str]]:
    """Those of `known_versions` of which this nvrstack knows a higher one."""
    from nvrstack.services.releases import is_newer

    known = known_versions(settings)
    return {key: pair for key, pair in known.items() if is_newer(pair[1], pair[0])}


def upgrade(context: typer.Context) -> None:
    """Compare the project's versions with those that this nvrstack was made for.

    Nothing is changed: the commands that would change them are printed.
    """
    from nvrstack.projects.project import read_project
    from nvrstack.services.releases import notes_for

    console: Console = context.obj
    settings = read_project(console.find_project()).settings
    known, newer = known_versions(settings), newer_versions(settings)
    lines = [f"{key}: {now}; this nvrstack knows {new}" for key, (now, new) in newer.items()]
    notes = notes_for(settings.moonfire.version)
    lines += [f"Moonfire {settings.moonfire.version}: {n.text} ({n.source})" for n in notes]
    if newer:
        lines += ["To change them:"]
        lines += [f"  nvrstack set {key} {new}" for key, (_, new) in newer.items()]
        lines += ["  nvrstack render", "  docker compose pull && docker compose up -d"]
    data = {
        "versions": [
            {"key": key, "present": now, "known": new} for key, (now, new) in known.items()
        ],
        "notes": [{"text": note.text, "source": note.source} for note in notes],
    }
    console.result(data, "\n".join(lines) or "This nvrstack knows no newer versions.")

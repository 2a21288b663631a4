"""`nvrstack upgrade`: which newer versions this release of nvrstack knows."""

import typer

from nvrstack.cli.console import Console


def upgrade(context: typer.Context) -> None:
    """Compare the project's versions with those that this nvrstack was made for.

    Nothing is changed: the commands that would change them are printed.
    """
    from nvrstack.projects.project import read_project
    from nvrstack.projects.versions import known_versions, newer_versions
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

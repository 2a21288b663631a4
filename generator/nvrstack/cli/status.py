"""`nvrstack status`: how the project stands, on one screen."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import ExitCode, HostError

if TYPE_CHECKING:
    from nvrstack.checks.certificates import Life
    from nvrstack.checks.verdict import Verdict
    from nvrstack.cli.project import LoadedProject

CERTBOT_STATE = "data/certbot/state.json"
DDCLIENT_STATE = "data/ddclient/state.json"
SIGNS = {"fine": "green", "warning": "yellow", "problem": "red", "unknown": "magenta"}


def status(context: typer.Context) -> None:
    """Tell how services, certificates and files stand. Exit 1 when something is wrong."""
    from nvrstack.checks.verdict import Level
    from nvrstack.cli.project import read_project

    console: Console = context.obj
    project = read_project(console.find_project())
    verdicts = list(_verdicts(project, datetime.now(UTC)))
    if not console.json:
        _show(console, verdicts)
    data = [
        {"about": v.about, "level": str(v.level), "text": v.text, "remedy": v.remedy}
        for v in verdicts
    ]
    console.result({"verdicts": data}, "")
    if any(verdict.level is Level.PROBLEM for verdict in verdicts):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _verdicts(project: "LoadedProject", now: datetime) -> "Iterator[Verdict]":
    from nvrstack.checks.certificates import certbot_verdicts, kept_verdict
    from nvrstack.checks.ddns import ddns_verdicts
    from nvrstack.checks.files import drift_verdict, version_verdicts
    from nvrstack.checks.services import Service, service_verdicts
    from nvrstack.cli.upgrade import newer_versions
    from nvrstack.host import engine
    from nvrstack.rendering.context import ddns_hosts, lineages

    settings, directory = project.settings, project.directory
    containers = engine.containers(settings.project.name)
    services = (
        None
        if containers is None
        else {name: Service(c.state, c.health, c.told) for name, c in containers.items()}
    )
    yield from service_verdicts(project.stack.services, services)
    if settings.certificate.is_acme:
        noted = _read_json(directory / CERTBOT_STATE)
        yield from certbot_verdicts(lineages(settings), noted, now)
    else:
        local = settings.certificate.is_local
        path = directory / "tls" / ("local" if local else "own") / "fullchain.pem"
        yield kept_verdict(settings.site.domain, _life(path), local=local, now=now)
    if project.stack.runs("ddclient"):
        noted = _read_json(directory / DDCLIENT_STATE)
        yield from ddns_verdicts(ddns_hosts(settings), noted, now)
    yield drift_verdict(*_drift(project))
    yield from version_verdicts(newer_versions(settings))


def _drift(project: "LoadedProject") -> tuple[list[str], list[str]]:
    """The files that a render would change, and those that were edited by hand and stay."""
    from nvrstack.cli.project import certificate_changes, project_changes
    from nvrstack.rendering.changes import Kind

    found = [*certificate_changes(project, datetime.now(UTC)), *project_changes(project)]
    edited = [change.path for change in found if change.kind is Kind.KEEP]
    return [change.path for change in found if change.kind is not Kind.KEEP], edited


def _life(path: Path) -> "Life | None":
    from nvrstack.checks.certificates import Life
    from nvrstack.pki.certificates import validity

    return Life(*validity(path.read_bytes())) if path.is_file() else None


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise HostError(
            f"{path}: {error.strerror}", "run it as the project's owner, or with sudo"
        ) from error
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _show(console: Console, verdicts: "list[Verdict]") -> None:
    from rich.console import Console as Terminal
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for verdict in verdicts:
        sign = Text(str(verdict.level), style=SIGNS[verdict.level])
        text = Text(verdict.text)
        if verdict.remedy:
            text.append(f"\n→ {verdict.remedy}", style="dim")
        table.add_row(sign, Text(verdict.about), text)
    terminal = Terminal(file=console.stdout, no_color=not console.colored, highlight=False)
    terminal.print(table)

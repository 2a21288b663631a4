"""`nvrstack status`: how the project stands, on one screen."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import HostError, InputError, NvrstackError

if TYPE_CHECKING:
    from nvrstack.checks.certificates import Life
    from nvrstack.checks.recordings import SampleDirectory
    from nvrstack.checks.verdict import Verdict
    from nvrstack.projects.project import LoadedProject

CERTBOT_STATE = "data/certbot/state.json"
DDCLIENT_STATE = "data/ddclient/state.json"
WATCH_SECONDS = 3


def status(
    context: typer.Context,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every few seconds, until Ctrl-C.")
    ] = False,
) -> None:
    """Tell how services, certificates, recordings and files stand. Exit 1 if something is wrong."""
    from nvrstack.cli.verdicts import report
    from nvrstack.projects.project import read_project

    console: Console = context.obj
    directory = console.find_project()
    if watch:
        _watch(console, directory)
    report(console, list(_verdicts(read_project(directory), datetime.now(UTC))))


def _verdicts(project: "LoadedProject", now: datetime) -> "Iterator[Verdict]":
    from nvrstack.checks.certificates import certbot_verdicts, kept_verdict
    from nvrstack.checks.ddns import ddns_verdicts
    from nvrstack.checks.files import drift_verdict, version_verdicts
    from nvrstack.checks.recordings import recording_verdicts
    from nvrstack.checks.services import Service, service_verdicts
    from nvrstack.cli.upgrade import newer_versions
    from nvrstack.host.docker import engine
    from nvrstack.rendering.context import ddns_records, lineages

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
        yield from ddns_verdicts(tuple(ddns_records(settings)), noted, now)
    yield from recording_verdicts(_sample_directories(project), now)
    yield drift_verdict(*_drift(project))
    yield from version_verdicts(newer_versions(settings))


def _sample_directories(project: "LoadedProject") -> "list[SampleDirectory] | None":
    from nvrstack.checks.recordings import SampleDirectory
    from nvrstack.host.moonfire.sample_dirs import sample_directories

    seen = sample_directories(
        (project.state_dir, *map(Path, project.settings.moonfire.sample_dirs))
    )
    if seen is None:
        return None
    return [
        SampleDirectory(
            str(found.path),
            datetime.fromtimestamp(found.changed, UTC),
            found.holds_recordings,
            found.free_bytes,
            found.total_bytes,
        )
        for found in seen
    ]


def _drift(project: "LoadedProject") -> tuple[list[str], list[str]]:
    """The files that a render would change, and those that were edited by hand and stay."""
    from nvrstack.projects.project import certificate_changes, project_changes
    from nvrstack.rendering.changes import Kind

    found = [*certificate_changes(project, datetime.now(UTC)), *project_changes(project)]
    edited = [change.path for change in found if change.kind is Kind.KEEP]
    return [change.path for change in found if change.kind is not Kind.KEEP], edited


def _life(path: Path) -> "Life | None":
    from nvrstack.checks.certificates import Life
    from nvrstack.pki.certificates import validity

    try:
        return Life(*validity(path.read_bytes()))
    except (FileNotFoundError, ValueError):
        return None


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


def _watch(console: Console, directory: Path) -> NoReturn:
    """Show the table again and again. It ends with the person's Ctrl-C."""
    from rich.live import Live

    from nvrstack.checks.verdict import Level, Verdict
    from nvrstack.cli.verdicts import table, terminal
    from nvrstack.projects.project import read_project

    if console.json or not console.stdout.isatty():
        raise InputError("--watch is for a terminal", "leave it out, or --json")
    with Live(console=terminal(console), screen=True, auto_refresh=False) as live:
        while True:
            try:
                verdicts = list(_verdicts(read_project(directory), datetime.now(UTC)))
            except NvrstackError as error:
                # Somebody is just editing the settings; the next look may find them in order.
                verdicts = [Verdict("project", Level.PROBLEM, error.message, error.hint)]
            live.update(table(verdicts), refresh=True)
            time.sleep(WATCH_SECONDS)

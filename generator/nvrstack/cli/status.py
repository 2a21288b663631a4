"""`nvrstack status`: how the project stands, on one screen."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import InputError, NvrstackError

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
    from nvrstack.projects.standing import status_verdicts

    console: Console = context.obj
    directory = console.find_project()
    if watch:
        _watch(console, directory)
    report(console, list(status_verdicts(read_project(directory), datetime.now(UTC))))


def _watch(console: Console, directory: Path) -> NoReturn:
    """Show the table again and again. It ends with the person's Ctrl-C."""
    from rich.live import Live

    from nvrstack.checks.verdict import Level, Verdict
    from nvrstack.cli.verdicts import table, terminal
    from nvrstack.projects.project import read_project
    from nvrstack.projects.standing import status_verdicts

    if console.json or not console.stdout.isatty():
        raise InputError("--watch is for a terminal", "leave it out, or --json")
    with Live(console=terminal(console), screen=True, auto_refresh=False) as live:
        while True:
            try:
                verdicts = list(status_verdicts(read_project(directory), datetime.now(UTC)))
            except NvrstackError as error:
                # Somebody is just editing the settings; the next look may find them in order.
                verdicts = [Verdict("project", Level.PROBLEM, error.message, error.hint)]
            live.update(table(verdicts), refresh=True)
            time.sleep(WATCH_SECONDS)

"""`nvrstack render`: bring the project in line with its settings."""

from typing import TYPE_CHECKING, Annotated

import typer

from nvrstack.cli.console import Console
from nvrstack.cli.options import Mine, Theirs
from nvrstack.errors import ExitCode, InputError

if TYPE_CHECKING:
    from nvrstack.projects.project import LoadedProject
    from nvrstack.projects.update import Update

COLORS = {"+": typer.colors.GREEN, "-": typer.colors.RED, "@": typer.colors.CYAN}


def render(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 if something would change.")
    ] = False,
    mine: Mine = False,
    theirs: Theirs = False,
) -> None:
    """Show what a change in nvrstack.toml changes in the project, and apply it.

    What you edited by hand in a rendered file stays, merged with what the settings change. Where
    both touch the same lines, nothing is written until you choose --mine or --theirs.
    """
    from nvrstack.projects.project import complete, read_project

    console: Console = context.obj
    directory = console.find_project()
    complete(directory)
    render_project(console, read_project(directory), check=check, mine=mine, theirs=theirs)


def render_project(
    console: Console,
    project: "LoadedProject",
    *,
    check: bool = False,
    mine: bool = False,
    theirs: bool = False,
) -> bool:
    """Render `project`, show the changes and, unless `check` is set, apply them once agreed.

    Returns whether anything was applied.
    """
    from nvrstack.host.apply import locked
    from nvrstack.projects.create import file_owner
    from nvrstack.projects.update import carry_out, check_possible, decide

    if mine and theirs:
        raise InputError("--mine and --theirs exclude each other", "give one of them")
    with locked(project.directory, file_owner(project.settings)):
        update = decide(project, mine=mine, theirs=theirs)
        _show(console, update)
        if not check:
            check_possible(update)
        applies = bool(update.changing) and not check and console.agrees("Apply?")
        if applies or (update.is_stale and not update.changing and not check):
            carry_out(update)
            for done in (*update.pending, *update.rights):
                console.detail(f"{done.kind} {done.path}")
    found = [
        {"path": each.path, "kind": str(each.kind)} for each in (*update.found, *update.rights)
    ]
    data = {"changes": found, "applied": applies}
    console.result(data, _summary(update, applied=applies, check=check))
    if check and (update.changing or update.conflicts):
        raise typer.Exit(ExitCode.CHECK_FAILED)
    return applies


def _show(console: Console, update: "Update") -> None:
    from nvrstack.rendering.changes import diff

    for name in update.outdated:
        console.say(f"warning: templates/{name} was copied from an older shipped template")
    if console.json:
        return
    secret = {path for path, entry in update.manifest.files.items() if entry.is_secret}
    for change in (*update.pending, *update.conflicts):
        for line in diff(change, secret=change.path in secret):
            _print(console, line)
    for right in update.rights:
        _print(console, str(right))


def _print(console: Console, line: str) -> None:
    color = COLORS.get(line[:1])
    shown = typer.style(line, fg=color) if console.colored and color else line
    typer.echo(shown, file=console.stdout)


def _summary(update: "Update", *, applied: bool, check: bool) -> str:
    from nvrstack.rendering.changes import Kind, of_kind

    lines = [f"{c.path}: edited by hand, left as it is" for c in of_kind(update.found, Kind.KEEP)]
    lines += [f"{c.path}: your edit is merged in" for c in of_kind(update.found, Kind.MERGE)]
    if applied:
        lines.append("Applied. Now run `docker compose up -d`; nginx follows within seconds.")
    elif not update.changing:
        lines.append("Nothing to change.")
    elif check:
        lines.append(f"{len(update.changing)} would change: {', '.join(update.changing)}")
    return "\n".join(lines)

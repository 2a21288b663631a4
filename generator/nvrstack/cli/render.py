"""`nvrstack render`: bring the project in line with its settings."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import ExitCode, InputError, NvrstackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nvrstack.cli.project import LoadedProject
    from nvrstack.rendering.changes import Change
    from nvrstack.rendering.manifest import Applied
    from nvrstack.tree import Tree

COLORS = {"+": typer.colors.GREEN, "-": typer.colors.RED, "@": typer.colors.CYAN}


class ConflictError(NvrstackError):
    """Files were edited by hand where the render differs too. Nothing was changed."""

    code = ExitCode.CHECK_FAILED


def render(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 if something would change.")
    ] = False,
    mine: Annotated[
        bool, typer.Option("--mine", help="In a conflict, keep the file as you edited it.")
    ] = False,
    theirs: Annotated[
        bool, typer.Option("--theirs", help="In a conflict, take the rendered file.")
    ] = False,
) -> None:
    """Show what a change in nvrstack.toml changes in the project, and apply it.

    What you edited by hand in a rendered file stays, merged with what the settings change. Where
    both touch the same lines, nothing is written until you choose --mine or --theirs.
    """
    from nvrstack.cli.project import complete, read_project

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
    from nvrstack.cli.create import file_owner
    from nvrstack.cli.project import (
        certificate_changes,
        present_files,
        read_manifest_of,
        read_material,
        settings_change,
    )
    from nvrstack.cli.template import outdated
    from nvrstack.host.apply import locked
    from nvrstack.rendering.changes import Kind, changes, diff, of_kind
    from nvrstack.rendering.render import render as render_tree

    if mine and theirs:
        raise InputError("--mine and --theirs exclude each other", "give one of them")
    directory, owner = project.directory, file_owner(project.settings)
    with locked(directory, owner):
        material = read_material(directory, project.settings, {})
        for name in outdated(directory, dict(material.templates)):
            console.say(f"warning: templates/{name} was copied from an older shipped template")
        rendered = render_tree(project.settings, project.stack, material)
        applied = read_manifest_of(directory)
        digests = {path: entry.sha256 for path, entry in applied.items()}
        present = present_files(directory, {*applied, *rendered})
        found = [*settings_change(directory), *certificate_changes(project, datetime.now(UTC))]
        found += [
            _settled(change, applied, mine=mine, theirs=theirs)
            for change in changes(digests, present, rendered)
        ]
        conflicts = of_kind(found, Kind.CONFLICT)
        pending = of_kind(found, Kind.ADD, Kind.UPDATE, Kind.REMOVE, Kind.MERGE)
        secret = {path for path, entry in applied.items() if entry.text is None}
        if not console.json:
            shown = (diff(c, secret=c.path in secret) for c in (*pending, *conflicts))
            _show(console, (line for lines in shown for line in lines))
        if conflicts and not check:
            raise ConflictError(
                "edited by hand, and changed by the settings in the same place: "
                f"{', '.join(c.path for c in conflicts)}; nothing was changed",
                "run it again with --mine to keep your files, or --theirs for the rendered ones",
            )
        stale = any(digests.get(path) != file.sha256 for path, file in rendered.items())
        applies = bool(pending) and not check and console.agrees("Apply?")
        if applies or (stale and not pending and not check):
            _apply(project, rendered, pending, owner)
            for change in pending:
                console.detail(f"{change.kind} {change.path}")
    data = {
        "changes": [{"path": c.path, "kind": str(c.kind)} for c in found],
        "applied": applies,
    }
    console.result(data, _summary(found, pending, applied=applies, check=check))
    if check and (pending or conflicts):
        raise typer.Exit(ExitCode.CHECK_FAILED)
    return applies


def _settled(
    change: "Change", applied: "Mapping[str, Applied]", *, mine: bool, theirs: bool
) -> "Change":
    """A conflict as a merge if git can do it, else as the person chose; others as they are."""
    from nvrstack.host.merge import merge
    from nvrstack.rendering.changes import Kind

    if change.kind is not Kind.CONFLICT or change.before is None or change.after is None:
        return change
    base = applied[change.path].text if change.path in applied else None
    if base is not None:
        merged = merge(change.before.content, base.encode(), change.after.content)
        if merged is not None:
            return replace(change, kind=Kind.MERGE, after=replace(change.after, content=merged))
    if theirs:
        return replace(change, kind=Kind.UPDATE)
    return replace(change, kind=Kind.KEEP) if mine else change


def _show(console: Console, lines: "Iterable[str]") -> None:
    for line in lines:
        color = COLORS.get(line[:1])
        shown = typer.style(line, fg=color) if console.colored and color else line
        typer.echo(shown, file=console.stdout)


def _apply(
    project: "LoadedProject",
    rendered: "Tree",
    pending: "tuple[Change, ...]",
    owner: tuple[int, int] | None,
) -> None:
    from nvrstack.cli.create import check_host, prepare_directories
    from nvrstack.host.apply import apply
    from nvrstack.rendering.manifest import MANIFEST, backup_path, manifest_file

    directory, settings, now = project.directory, project.settings, datetime.now(UTC)
    check_host(directory, settings, project.stack)
    files = {change.path: change.after for change in pending if change.after is not None}
    files |= {backup_path(c.path, now): c.before for c in pending if c.before is not None}
    files[MANIFEST] = manifest_file(rendered)
    apply(directory, files, owner, remove=[c.path for c in pending if c.after is None])
    prepare_directories(directory, settings, project.stack)


def _summary(
    found: "Iterable[Change]", pending: "tuple[Change, ...]", *, applied: bool, check: bool
) -> str:
    from nvrstack.rendering.changes import Kind, of_kind

    lines = [f"{c.path}: edited by hand, left as it is" for c in of_kind(found, Kind.KEEP)]
    lines += [f"{c.path}: your edit is merged in" for c in of_kind(found, Kind.MERGE)]
    if applied:
        lines.append("Applied. Now run `docker compose up -d`; nginx follows within seconds.")
    elif not pending:
        lines.append("Nothing to change.")
    elif check:
        lines.append(f"{len(pending)} would change: {', '.join(c.path for c in pending)}")
    return "\n".join(lines)

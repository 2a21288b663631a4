"""`nvrstack render`: bring the project in line with its settings."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import ExitCode, InputError, NvrstackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nvrstack.projects.project import LoadedProject
    from nvrstack.projects.rights import Right
    from nvrstack.rendering.changes import Change
    from nvrstack.rendering.manifest import Applied
    from nvrstack.rendering.rights import Owners
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
    from nvrstack.cli.template import outdated
    from nvrstack.host.apply import locked
    from nvrstack.projects.create import file_owner
    from nvrstack.projects.project import (
        certificate_changes,
        exposed_secrets,
        present_files,
        read_manifest_of,
        read_material,
        settings_change,
    )
    from nvrstack.projects.rights import check_permitted, needed
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
        manifest = read_manifest_of(directory)
        applied = manifest.files
        present = present_files(directory, {*applied, *rendered})
        found = [*settings_change(directory), *certificate_changes(project, datetime.now(UTC))]
        found += [
            _settled(change, applied, mine=mine, theirs=theirs)
            for change in changes(applied, present, rendered)
        ]
        written = {change.path for change in found}
        found += [c for c in exposed_secrets(directory) if c.path not in written]
        conflicts = of_kind(found, Kind.CONFLICT)
        pending = of_kind(found, Kind.ADD, Kind.UPDATE, Kind.MODE, Kind.REMOVE, Kind.MERGE)
        rights = needed(project, manifest.owners)
        if not console.json:
            secret = {path for path, entry in applied.items() if entry.is_secret}
            shown = (diff(c, secret=c.path in secret) for c in (*pending, *conflicts))
            _show(console, (line for lines in shown for line in lines))
            _show(console, map(str, rights))
        if conflicts and not check:
            raise ConflictError(
                "edited by hand, and changed by the settings in the same place: "
                f"{', '.join(c.path for c in conflicts)}; nothing was changed",
                "run it again with --mine to keep your files, or --theirs for the rendered ones",
            )
        stale = any(
            path not in applied or applied[path].sha256 != file.sha256
            for path, file in rendered.items()
        )
        changing = [*(change.path for change in pending), *(right.path for right in rights)]
        if not check:
            check_permitted(project, rights)
        applies = bool(changing) and not check and console.agrees("Apply?")
        if applies or (stale and not changing and not check):
            _apply(project, rendered, pending, rights, manifest.owners, owner)
            for done in (*pending, *rights):
                console.detail(f"{done.kind} {done.path}")
    data = {
        "changes": [
            *({"path": c.path, "kind": str(c.kind)} for c in found),
            *({"path": right.path, "kind": right.kind} for right in rights),
        ],
        "applied": applies,
    }
    console.result(data, _summary(found, changing, applied=applies, check=check))
    if check and (changing or conflicts):
        raise typer.Exit(ExitCode.CHECK_FAILED)
    return applies


def _settled(
    change: "Change", applied: "Mapping[str, Applied]", *, mine: bool, theirs: bool
) -> "Change":
    """A conflict as a merge if git can do it, else as the person chose; others as they are."""
    from nvrstack.host.merge import merge
    from nvrstack.rendering.changes import Kind, kept
    from nvrstack.tree import SECRET

    if change.kind is not Kind.CONFLICT or change.before is None or change.after is None:
        return change
    base = applied[change.path].text if change.path in applied else None
    if base is not None:
        merged = merge(change.before.content, base.encode(), change.after.content)
        if merged is not None:
            return replace(change, kind=Kind.MERGE, after=replace(change.after, content=merged))
    if theirs:
        return replace(change, kind=Kind.UPDATE)
    return kept(change, secret=change.after.mode == SECRET) if mine else change


def _show(console: Console, lines: "Iterable[str]") -> None:
    for line in lines:
        color = COLORS.get(line[:1])
        shown = typer.style(line, fg=color) if console.colored and color else line
        typer.echo(shown, file=console.stdout)


def _apply(
    project: "LoadedProject",
    rendered: "Tree",
    pending: "tuple[Change, ...]",
    rights: "tuple[Right, ...]",
    given: "Owners | None",
    owner: tuple[int, int] | None,
) -> None:
    from nvrstack.host.apply import apply
    from nvrstack.projects.create import check_host, prepare_directories
    from nvrstack.projects.rights import carry_out
    from nvrstack.rendering.changes import Kind
    from nvrstack.rendering.manifest import MANIFEST, backup_path, manifest_file
    from nvrstack.rendering.rights import owners

    directory, settings, now = project.directory, project.settings, datetime.now(UTC)
    check_host(directory, settings, project.stack)
    files = {change.path: change.after for change in pending if change.after is not None}
    # A mode alone is nothing to restore: the content is still there.
    replaced = [change for change in pending if change.kind is not Kind.MODE]
    files |= {backup_path(c.path, now): c.before for c in replaced if c.before is not None}
    after = owners(settings)
    files[MANIFEST] = manifest_file(rendered, given.until(after) if given else after)
    apply(directory, files, owner, remove=[c.path for c in pending if c.after is None])
    prepare_directories(directory, settings, project.stack)
    carry_out(project, rights)
    if given not in {None, after}:
        # Last of all, so that a later render completes what is cut short.
        apply(directory, {MANIFEST: manifest_file(rendered, after)}, owner)


def _summary(
    found: "Iterable[Change]", changing: "Sequence[str]", *, applied: bool, check: bool
) -> str:
    from nvrstack.rendering.changes import Kind, of_kind

    lines = [f"{c.path}: edited by hand, left as it is" for c in of_kind(found, Kind.KEEP)]
    lines += [f"{c.path}: your edit is merged in" for c in of_kind(found, Kind.MERGE)]
    if applied:
        lines.append("Applied. Now run `docker compose up -d`; nginx follows within seconds.")
    elif not changing:
        lines.append("Nothing to change.")
    elif check:
        lines.append(f"{len(changing)} would change: {', '.join(changing)}")
    return "\n".join(lines)

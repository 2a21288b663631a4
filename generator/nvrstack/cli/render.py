"""`nvrstack render`: bring the project in line with its settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import ExitCode, InputError, NvrstackError

if TYPE_CHECKING:
    from nvrstack.cli.project import LoadedProject
    from nvrstack.rendering.changes import Change
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
) -> None:
    """Show what a change in nvrstack.toml changes in the project, and apply it.

    A file that you edited by hand stays as it is. Where the render differs there too, nothing is
    written.
    """
    from nvrstack.cli.create import file_owner
    from nvrstack.cli.project import read_material, read_project
    from nvrstack.host.apply import locked, recover
    from nvrstack.rendering.changes import Kind, changes, diff, of_kind
    from nvrstack.rendering.manifest import applied_digests
    from nvrstack.rendering.render import render as render_tree

    console: Console = context.obj
    directory = console.find_project()
    project = read_project(directory)
    owner = file_owner(project.settings)
    with locked(directory, owner):
        recover(directory, owner)
        rendered = render_tree(
            project.settings, project.stack, read_material(directory, project.settings, {})
        )
        applied = applied_digests(_manifest_text(directory))
        found = changes(applied, _present(directory, {*applied, *rendered}), rendered)
        pending = of_kind(found, Kind.ADD, Kind.UPDATE, Kind.REMOVE)
        kept, conflicts = of_kind(found, Kind.KEEP), of_kind(found, Kind.CONFLICT)
        if not console.json:
            _show(console, [line for change in (*pending, *conflicts) for line in diff(change)])
        if conflicts and not check:
            paths = ", ".join(change.path for change in conflicts)
            raise ConflictError(
                f"edited by hand, and changed by the settings too: {paths}; nothing was changed",
                "put your edit into nvrstack.toml, compose.override.yaml or nginx/custom.d, "
                "delete the file, and render again",
            )
        applies = bool(pending) and not check and _agreed(console)
        if applies:
            _apply(project, rendered, pending, owner)
            for change in pending:
                console.detail(f"{change.kind} {change.path}")
    data = {
        "changes": [{"path": c.path, "kind": str(c.kind)} for c in found],
        "applied": applies,
    }
    console.result(data, _summary(pending, kept, applied=applies, check=check))
    if check and (pending or conflicts):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _show(console: Console, lines: list[str]) -> None:
    for line in lines:
        color = COLORS.get(line[:1])
        typer.echo(
            typer.style(line, fg=color) if console.colored and color else line,
            file=console.stdout,
        )


def _agreed(console: Console) -> bool:
    if console.yes:
        return True
    if not console.interactive:
        raise InputError("nobody is here to be asked; nothing was changed", "add --yes to apply")
    return typer.confirm("Apply?", err=True)


def _apply(
    project: "LoadedProject",
    rendered: "Tree",
    pending: "tuple[Change, ...]",
    owner: tuple[int, int] | None,
) -> None:
    from datetime import UTC, datetime

    from nvrstack.cli.create import check_host, prepare_directories, present_certificates
    from nvrstack.host.apply import apply
    from nvrstack.pki.keep import missing_certificates
    from nvrstack.rendering.manifest import MANIFEST, backup_path, manifest_file

    directory, settings, now = project.directory, project.settings, datetime.now(UTC)
    check_host(directory, settings, project.stack)
    files = {change.path: change.after for change in pending if change.after is not None}
    files |= missing_certificates(settings, present_certificates(directory), now)
    files |= {backup_path(c.path, now): c.before for c in pending if c.before is not None}
    files[MANIFEST] = manifest_file(rendered)
    apply(directory, files, owner, remove=[c.path for c in pending if c.after is None])
    prepare_directories(directory, settings, project.stack)


def _summary(
    pending: "tuple[Change, ...]", kept: "tuple[Change, ...]", *, applied: bool, check: bool
) -> str:
    lines = [f"{change.path}: edited by hand, left as it is" for change in kept]
    if applied:
        lines.append("Applied. Now run `docker compose up -d`; nginx follows within seconds.")
    elif not pending:
        lines.append("Nothing to change.")
    elif check:
        lines.append(f"{len(pending)} would change: {', '.join(c.path for c in pending)}")
    return "\n".join(lines)


def _manifest_text(directory: Path) -> str:
    from nvrstack.cli.project import read_text
    from nvrstack.rendering.manifest import MANIFEST

    path = directory / MANIFEST
    return read_text(path) if path.is_file() else ""


def _present(directory: Path, paths: set[str]) -> "Tree":
    from nvrstack.tree import File

    found = {}
    for path in paths:
        file = directory / path
        if file.is_file():
            found[path] = File(file.read_bytes(), file.stat().st_mode & 0o777)
    return found

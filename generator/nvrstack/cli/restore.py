"""`nvrstack restore`: take back what an earlier command replaced."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import InputError


def restore(
    context: typer.Context,
    moment: Annotated[
        str | None, typer.Argument(metavar="WHEN", help="A moment from the list; none prints it.")
    ] = None,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="Files to restore; none means all.")
    ] = None,
) -> None:
    """List the files that were replaced, or put them back.

    What stands there now is kept first, so that a restore can be taken back as well.
    """
    from nvrstack.host.backups import moments, replaced

    console: Console = context.obj
    directory = console.find_project()
    if moment is None:
        listed = [(when, list(replaced(directory, when))) for when in moments(directory)]
        data = [{"when": when, "files": paths} for when, paths in listed]
        lines = [f"{when}  {', '.join(paths)}" for when, paths in listed]
        console.result({"backups": data}, "\n".join(lines) or "Nothing was replaced yet.")
        return
    from nvrstack.host.apply import apply, locked
    from nvrstack.projects.project import owner_of, present_files
    from nvrstack.rendering.manifest import backup_path

    found = replaced(directory, moment)
    unknown = [path for path in files or [] if path not in found]
    if unknown:
        raise InputError(
            f"{unknown[0]}: was not replaced at {moment}", f"there is {', '.join(found)}"
        )
    chosen = {path: file for path, file in found.items() if not files or path in files}
    if not console.agrees(f"Restore {', '.join(chosen)}?"):
        raise typer.Exit
    now = datetime.now(UTC)
    owner = owner_of(directory)
    with locked(directory, owner):
        kept = {backup_path(p, now): f for p, f in present_files(directory, chosen).items()}
        apply(directory, {**chosen, **kept}, owner)
    console.result(
        {"restored": list(chosen), "when": moment},
        f"Restored {', '.join(chosen)}. `nvrstack render --check` tells how it fits the settings.",
    )

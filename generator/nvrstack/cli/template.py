"""`nvrstack template`: a project's own templates in the place of shipped ones."""

import hashlib
import json
from pathlib import Path
from typing import Annotated

import typer

from nvrstack.cli.console import EPILOG, Console
from nvrstack.errors import InputError

COPIED = ".nvrstack/templates.json"
"""The SHA-256 that each copied template had where it came from."""

app = typer.Typer(
    help="Templates of your own in the place of shipped ones.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list", epilog=EPILOG)
def list_templates(context: typer.Context) -> None:
    """List the shipped templates."""
    from nvrstack.rendering.templates import shipped_templates

    console: Console = context.obj
    names = shipped_templates()
    console.result({"templates": list(names)}, "\n".join(names))


@app.command("copy", epilog=EPILOG)
def copy(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A name from `nvrstack template list`.")],
) -> None:
    """Copy a shipped template into the project, where it takes that one's place."""
    from nvrstack.host.apply import apply, locked
    from nvrstack.projects.project import TEMPLATES, owner_of
    from nvrstack.rendering.templates import shipped_template, shipped_templates
    from nvrstack.tree import SECRET, File

    console: Console = context.obj
    directory = console.find_project()
    text = shipped_template(name) if name in shipped_templates() else None
    if text is None:
        raise InputError(f"there is no template {name!r}", "`nvrstack template list` names them")
    target = f"{TEMPLATES}/{name}"
    if (directory / target).exists():
        raise InputError(f"{target}: is there already", "delete it first to start anew")
    copied = json.dumps({**copied_digests(directory), name: digest(text)}, indent=1) + "\n"
    files = {target: File(text.encode()), COPIED: File(copied.encode(), SECRET)}
    owner = owner_of(directory)
    with locked(directory, owner):
        apply(directory, files, owner)
    console.result(
        {"template": name, "file": target}, f"{target} is yours now. Edit it, then: nvrstack render"
    )


def outdated(directory: Path, own: dict[str, str]) -> list[str]:
    """Those of the project's `own` templates whose shipped original changed since the copy."""
    from nvrstack.rendering.templates import shipped_template

    copied = copied_digests(directory)
    return [
        name
        for name in own
        if name in copied and copied[name] != digest(shipped_template(name) or "")
    ]


def copied_digests(directory: Path) -> dict[str, str]:
    """What each copied template's original was when it was copied."""
    path = directory / COPIED
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: is damaged", "delete it") from error


def digest(text: str) -> str:
    """The hexadecimal SHA-256 of a template."""
    return hashlib.sha256(text.encode()).hexdigest()

"""`nvrstack init`: a new project."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nvrstack.cli.console import Console
from nvrstack.cli.options import AnswersFile, FirstUser, SecretFile, Set
from nvrstack.settings import SETTINGS

if TYPE_CHECKING:
    from nvrstack.projects.create import Created
    from nvrstack.tree import Tree


def init(
    context: typer.Context,
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Where the project goes; this directory if not given."),
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option(help="Which services take part; see `nvrstack stacks`.", metavar="NAME"),
    ] = None,
    settings: Set = None,
    secret_file: SecretFile = None,
    answers: AnswersFile = None,
    first_user: FirstUser = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written.")] = False,
) -> None:
    """Make a new project, ready for `docker compose up -d`.

    Each setting comes from --set, else from a variable such as NVRSTACK_SITE__DOMAIN, else from
    the answers file, else you are asked, if this is a terminal.
    """
    from nvrstack.cli import answering, first_account
    from nvrstack.projects import create
    from nvrstack.projects.existing import complete_project
    from nvrstack.projects.project import LoadedProject
    from nvrstack.projects.suggestions import suggest_subnet, suggestions
    from nvrstack.settings.answers import from_here
    from nvrstack.settings.complete import complete
    from nvrstack.settings.load import lookup

    console: Console = context.obj
    target = directory or console.project or Path()
    target = target if target.is_absolute() else (console.cwd / target).resolve()
    given = answering.given_answers(console, stack, settings or [], answers)
    given = from_here(given, console.cwd)
    secrets = answering.given_secrets(secret_file or [])
    first_account.check_given(first_user, secrets)
    if (target / SETTINGS).is_file():
        _finish(console, complete_project(target, given, secrets), first_user, secrets)
        return
    create.check_target(target)

    found = suggestions(target)
    if console.interactive:
        given = from_here(answering.ask_settings(console, given, found), console.cwd)
        secrets |= answering.ask_secrets(given.data, secrets)
    if lookup(given.data, "network.backend_subnet") is None:
        found["network"]["backend_subnet"] = suggest_subnet()
    checked, chosen = complete(given, found, secrets)
    files = create.new_files(target, checked, chosen, secrets)
    if dry_run:
        create.check_host(target, checked, chosen)
        console.result(
            {"project": str(target), "dry_run": True, "files": _listing(files)},
            _tree(target, files),
        )
        return
    create.write_project(target, checked, chosen, files)
    for path in files:
        console.detail(f"wrote {target / path}")
    created = create.Created(LoadedProject(target, checked, chosen), files)
    _finish(console, created, first_user, secrets)


def _finish(
    console: Console, created: "Created", first_user: str | None, secrets: dict[str, str]
) -> None:
    from nvrstack.cli import first_account
    from nvrstack.projects import create
    from nvrstack.rendering.context import url
    from nvrstack.rendering.next_steps import next_steps

    if create.lacks_database(created):
        for trouble in create.old_docker():
            console.say(trouble)
        console.say("Making Moonfire's database (the first time, its image is downloaded) …")
        console.detail(create.make_database(created))
    first_account.make(console, created, first_user, secrets)
    settings, directory = created.project.settings, created.project.directory
    steps = next_steps(
        settings,
        str(directory),
        has_database=created.has_database,
        has_user=created.user is not None,
    )
    lines = [
        f"{directory} holds the project of {settings.site.domain}.",
        *created.notes,
        "",
        "Next:",
    ]
    for number, step in enumerate(steps, 1):
        lines.append(f"{number}. {step.title}:")
        lines += [f"     {line}" for line in step.lines]
    data = {
        "project": str(directory),
        "url": url(settings),
        "files": _listing(created.files),
        "has_database": created.has_database,
        "user": created.user,
        "notes": created.notes,
        "next_steps": [vars(step) for step in steps],
    }
    console.result(data, "\n".join(lines))


def _listing(files: "Tree") -> list[dict[str, object]]:
    return [
        {"path": path, "mode": f"{file.mode:04o}", "bytes": len(file.content)}
        for path, file in files.items()
    ]


def _tree(target: Path, files: "Tree") -> str:
    lines = [f"{target}/"]
    lines += [f"  {file.mode:04o} {len(file.content):7d}  {path}" for path, file in files.items()]
    return "\n".join([*lines, "Nothing was written."])

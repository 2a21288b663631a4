"""The first account of a new project: without one, nobody can look at the cameras."""

from typing import TYPE_CHECKING

import typer

from nvrstack.cli.console import Console
from nvrstack.cli.user import ask_password
from nvrstack.errors import InputError
from nvrstack.projects.accounts import accounts, check_name
from nvrstack.services.passwords import PERMISSIONS
from nvrstack.settings.secrets import FIRST_USER

if TYPE_CHECKING:
    from nvrstack.projects.create import Created


def check_given(name: str | None, secrets: dict[str, str]) -> None:
    """Raise InputError unless a first user's name and password were given together, or neither."""
    if (name is None) != (FIRST_USER.name not in secrets):
        raise InputError(
            f"--first-user and --secret-file {FIRST_USER.name}=FILE belong together",
            "give both, or neither and use `nvrstack user add` later",
        )
    if name is not None:
        check_name(name)


def make(console: Console, created: "Created", name: str | None, secrets: dict[str, str]) -> None:
    """Make the first account as given, or as a person answers."""
    if not created.has_database:
        if name is not None:
            created.notes.append(f"The account {name} was not made, for there is no database yet.")
        return
    project = created.project
    with accounts(project.directory, project.settings) as users:
        present = users.all()
    if present:
        created.user = present[0].name
        return
    if name is None and console.interactive:
        if not typer.confirm(
            "Make the first account now, to sign in with?", default=True, err=True
        ):
            return
        name = typer.prompt("User name", default="admin", err=True)
        check_name(name)
        secrets = {FIRST_USER.name: ask_password(console, from_stdin=False)}
    if name is None:
        return
    with accounts(project.directory, project.settings) as users:
        users.add(name, secrets[FIRST_USER.name], frozenset(PERMISSIONS))
    created.user = name

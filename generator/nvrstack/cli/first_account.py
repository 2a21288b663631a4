"""The first account of a new project: without one, nobody can look at the cameras."""

from typing import TYPE_CHECKING

import typer

from nvrstack.cli.console import Console
from nvrstack.cli.user import ask_password, check_name, users_of
from nvrstack.errors import InputError
from nvrstack.services.passwords import PERMISSIONS

if TYPE_CHECKING:
    from nvrstack.projects.create import Created

SECRET_NAME = "first_user_password"  # noqa: S105 - the name of a secret, not one


def check_given(name: str | None, secrets: dict[str, str]) -> None:
    """Raise InputError unless a first user's name and password were given together, or neither."""
    if (name is None) != (SECRET_NAME not in secrets):
        raise InputError(
            f"--first-user and --secret-file {SECRET_NAME}=FILE belong together",
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
    with users_of(created.project) as users:
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
        secrets = {SECRET_NAME: ask_password(console, from_stdin=False)}
    if name is None:
        return
    with users_of(created.project) as users:
        users.add(name, secrets[SECRET_NAME], frozenset(PERMISSIONS))
    created.user = name

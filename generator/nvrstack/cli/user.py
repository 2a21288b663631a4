"""`nvrstack user`: who may sign in."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from nvrstack.cli.console import EPILOG, Console
from nvrstack.errors import InputError

if TYPE_CHECKING:
    from nvrstack.host.moonfire.users import User, Users

app = typer.Typer(help="Who may sign in to Moonfire.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The name to sign in with.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@app.command("add", epilog=EPILOG)
def add(
    context: typer.Context,
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="May do everything.")] = False,
    permission: Annotated[
        list[str] | None,
        typer.Option(help="What to allow; viewVideo if not given.", metavar="NAME"),
    ] = None,
    password_stdin: PasswordStdin = False,
) -> None:
    """Make an account. It works while Moonfire runs and while it is stopped."""
    from nvrstack.projects.accounts import check_name
    from nvrstack.services.passwords import PERMISSIONS

    console: Console = context.obj
    granted = frozenset(PERMISSIONS if admin else permission or ["viewVideo"])
    unknown = sorted(granted - set(PERMISSIONS))
    if unknown:
        raise InputError(
            f"--permission {unknown[0]}: is none of Moonfire's permissions",
            f"expected one of {', '.join(PERMISSIONS)}",
        )
    check_name(name)
    with open_users(console) as users:
        if any(user.name == name for user in users.all()):
            raise InputError(
                f"there is already a user {name!r}", f"change it: nvrstack user passwd {name}"
            )
    # Nobody is asked while Moonfire's lock is held and this process has Moonfire's uid.
    password = ask_password(console, password_stdin)
    with open_users(console) as users:
        users.add(name, password, granted)
    console.result({"user": name, "permissions": sorted(granted)}, f"{name} can sign in now.")


@app.command("list", epilog=EPILOG)
def list_users(context: typer.Context) -> None:
    """List the accounts and what each may do."""
    console: Console = context.obj
    with open_users(console) as users:
        found = users.all()
    data = [
        {
            "name": user.name,
            "permissions": sorted(user.permissions),
            "disabled": user.disabled,
            "password": user.has_password,
        }
        for user in found
    ]
    lines = [
        f"{user.name}: {', '.join(sorted(user.permissions)) or 'may do nothing'}"
        + (" (disabled)" if user.disabled else "")
        + ("" if user.has_password else " (no password, cannot sign in)")
        for user in found
    ]
    console.result({"users": data}, "\n".join(lines) or "Nobody can sign in yet.")


@app.command("passwd", epilog=EPILOG)
def passwd(context: typer.Context, name: Name, password_stdin: PasswordStdin = False) -> None:
    """Change a password."""
    console: Console = context.obj
    with open_users(console) as users:
        find(users.all(), name)
    password = ask_password(console, password_stdin)
    with open_users(console) as users:
        users.set_password(find(users.all(), name), password)
    console.result({"user": name}, f"{name} has a new password.")


@app.command("rm", epilog=EPILOG)
def remove(context: typer.Context, name: Name) -> None:
    """Delete an account and sign it out everywhere."""
    console: Console = context.obj
    with open_users(console) as users:
        find(users.all(), name)
    if console.interactive and not typer.confirm(f"Delete the account {name}?", err=True):
        raise typer.Exit
    with open_users(console) as users:
        users.remove(find(users.all(), name))
    console.result({"user": name}, f"{name} is deleted.")


@contextlib.contextmanager
def open_users(console: Console) -> "Iterator[Users]":
    """The accounts of the console's project."""
    from nvrstack.projects.accounts import accounts
    from nvrstack.projects.project import read_project

    project = read_project(console.find_project())
    with accounts(project.directory, project.settings) as opened:
        yield opened


def ask_password(console: Console, from_stdin: bool) -> str:  # noqa: FBT001
    """A password from standard input or, twice and unseen, from a person."""
    if from_stdin:
        password = console.stdin.readline().rstrip("\r\n")
    elif console.interactive:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        raise InputError("no password was given", "pipe it in and add --password-stdin")
    if len(password) < 8:
        raise InputError("the password is shorter than 8 characters", "choose a longer one")
    return password


def find(found: "list[User]", name: str) -> "User":
    """The user called `name`. Raises InputError that lists the ones there are."""
    for user in found:
        if user.name == name:
            return user
    names = ", ".join(user.name for user in found)
    raise InputError(
        f"there is no user {name!r}", f"there is: {names}" if names else "there is none yet"
    )

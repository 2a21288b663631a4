"""`nvrstack verify`: whether the page is what the guide wants it to be."""

from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated

import typer

from nvrstack.checks.verify.expected import Origin
from nvrstack.cli.console import Console
from nvrstack.errors import InputError

if TYPE_CHECKING:
    from nvrstack.host.visit.session import Login


def verify(
    context: typer.Context,
    origin: Annotated[
        Origin | None,
        typer.Option(
            "--from", help="Where this machine is: home is the LAN, all else the Internet."
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="What to visit, without any project.", metavar="URL")
    ] = None,
    resolve: Annotated[
        str | None,
        typer.Option(help="Take the name to lead to this address.", metavar="ADDRESS"),
    ] = None,
    login: Annotated[
        str | None, typer.Option(help="Sign in, too; asks for the password.", metavar="NAME")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    address_service: Annotated[
        list[str] | None,
        typer.Option(
            help="A page that tells this machine's address on the Internet.", metavar="URL"
        ),
    ] = None,
) -> None:
    """Visit the page and check each point of the guide. Exit 1 when one is not met."""
    from nvrstack.cli.verdicts import report
    from nvrstack.projects.project import read_project
    from nvrstack.projects.verifying import at_address, target_at, target_of, verify_verdicts

    console: Console = context.obj
    _check_address(resolve)
    target = (
        target_at(url, origin or Origin.INTERNET)
        if url is not None
        else target_of(read_project(console.find_project()), origin)
    )
    if address_service:
        services = tuple(address_service) if target.expected.origin is Origin.INTERNET else ()
        target = replace(target, request=replace(target.request, address_services=services))
    who = _login(console, login, from_stdin=password_stdin) if login else None
    verdicts = verify_verdicts(at_address(target, resolve, who))
    report(console, verdicts, {"url": f"{target.place.origin}/"})


def _check_address(resolve: str | None) -> None:
    try:
        if resolve is not None:
            ip_address(resolve)
    except ValueError as error:
        raise InputError(
            f"--resolve {resolve}: is no IP address", "write one such as 192.168.1.20"
        ) from error


def _login(console: Console, user: str, *, from_stdin: bool) -> "Login":
    from nvrstack.host.visit.session import Login

    if from_stdin:
        return Login(user, console.stdin.readline().rstrip("\r\n"))
    if not console.interactive:
        raise InputError("no password was given", "pipe it in and add --password-stdin")
    return Login(user, typer.prompt(f"Password of {user}", hide_input=True, err=True))

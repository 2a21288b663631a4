"""`nvrstack verify`: whether the page is what the guide wants it to be."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from nvrstack.checks.verify.expected import Expected, Origin
from nvrstack.cli.console import Console
from nvrstack.errors import InputError

if TYPE_CHECKING:
    from nvrstack.checks.verdict import Verdict
    from nvrstack.host.visit.gather import VisitRequest
    from nvrstack.host.visit.session import Login
    from nvrstack.projects.project import LoadedProject
    from nvrstack.visit import Place

SITE_FILE = "nginx/sites/moonfire.conf"
LOCAL_ROOT = "tls/local/root.pem"


@dataclass(frozen=True)
class VerifyTarget:
    """Where to go, what to look at, and what to expect."""

    place: "Place"
    request: "VisitRequest"
    expected: Expected


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
    report(console, _verdicts(_for(target, resolve, who)), {"url": f"{target.place.origin}/"})


def verdicts_of(
    project: "LoadedProject",
    *,
    origin: Origin | None = None,
    resolve: str | None = None,
    login: "Login | None" = None,
) -> "list[Verdict]":
    """Visit the page of a project, within ten seconds, and twenty with a login.

    `resolve` is the address that its name is taken to lead to, so that it works before the name
    does. Without `origin`, a stack with an authority of its own is visited from the LAN, any
    other one from the Internet.
    """
    return _verdicts(_for(target_of(project, origin), resolve, login))


def target_of(project: "LoadedProject", origin: Origin | None) -> VerifyTarget:
    """What to verify of a project's page: everything that its settings know."""
    from nvrstack.host.visit.gather import VisitRequest
    from nvrstack.rendering.context import hsts_seconds, public_https_port
    from nvrstack.visit import Place

    settings = project.settings
    site, certificate = settings.site, settings.certificate
    if origin is None:
        origin = Origin.LAN if certificate.is_local else Origin.INTERNET
    at_home = origin is Origin.LAN
    root, site_file = project.directory / LOCAL_ROOT, project.directory / SITE_FILE
    return VerifyTarget(
        Place(
            site.domain,
            site.http_port if at_home else 80,
            site.https_port if at_home else public_https_port(settings),
        ),
        VisitRequest(
            names=settings.host_names,
            roots=_local_roots(root) if certificate.is_local else (),
            # What stays at home asks nobody on the Internet.
            address_services=() if at_home else settings.ddns.address_services,
            own_host=True,
            private_subnet=str(settings.network.backend_subnet),
        ),
        Expected(
            origin,
            needs_port_80=at_home or certificate.through_port_80,
            hsts=bool(hsts_seconds(settings)),
            site_file=site_file.read_text(encoding="utf-8", errors="replace")
            if site_file.is_file()
            else None,
        ),
    )


def _local_roots(path: Path) -> tuple[bytes, ...]:
    """The root certificate of the local authority; none where it is not there or damaged."""
    from nvrstack.pki.certificates import is_certificate

    pem = path.read_bytes() if path.is_file() else b""
    return (pem,) if is_certificate(pem) else ()


def target_at(url: str, origin: Origin) -> VerifyTarget:
    """What to verify of a page of which only the address is known. Raises InputError."""
    import idna

    from nvrstack.host.visit.gather import VisitRequest
    from nvrstack.settings.model import ADDRESS_SERVICES
    from nvrstack.visit import Place

    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, port = idna.encode(parts.hostname or "", uts46=True).decode("ascii"), parts.port
        usable = parts.scheme in {"http", "https"}
    except ValueError:
        usable = False
    if not usable:
        raise InputError(f"--url {url}: is no web address", "write one such as https://example.com")
    place = (
        Place(host, https_port=port or 443)
        if parts.scheme == "https"
        else Place(host, http_port=port or 80)
    )
    services = ADDRESS_SERVICES if origin is Origin.INTERNET else ()
    return VerifyTarget(place, VisitRequest((host,), address_services=services), Expected(origin))


def _for(target: VerifyTarget, resolve: str | None, login: "Login | None") -> VerifyTarget:
    """The same at a given address, seen by somebody who signs in."""
    return VerifyTarget(
        replace(target.place, address=resolve),
        replace(target.request, login=login),
        replace(target.expected, signs_in=login is not None),
    )


def _verdicts(target: VerifyTarget) -> "list[Verdict]":
    from nvrstack.checks.verify.guide import visit_verdicts
    from nvrstack.host.visit.gather import visit

    seen = visit(target.place, target.request)
    return list(visit_verdicts(seen, target.expected, datetime.now(UTC)))


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

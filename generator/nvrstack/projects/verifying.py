"""Visiting a project's page, and what it should look like."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import idna

from nvrstack.checks.verdict import Verdict
from nvrstack.checks.verify.expected import Expected, Origin
from nvrstack.checks.verify.guide import visit_verdicts
from nvrstack.errors import InputError
from nvrstack.host.visit.gather import VisitRequest, visit
from nvrstack.host.visit.session import Login
from nvrstack.pki.certificates import is_certificate
from nvrstack.projects.project import LoadedProject
from nvrstack.rendering.context import hsts_seconds, public_https_port
from nvrstack.settings.web import ADDRESS_SERVICES
from nvrstack.visit import Place

SITE_FILE = "nginx/sites/moonfire.conf"
LOCAL_ROOT = "tls/local/root.pem"


@dataclass(frozen=True)
class VerifyTarget:
    """Where to go, what to look at, and what to expect."""

    place: Place
    request: VisitRequest
    expected: Expected


def target_of(project: LoadedProject, origin: Origin | None) -> VerifyTarget:
    """What to verify of a project's page: everything that its settings know.

    Without `origin`, a stack with an authority of its own is visited from the LAN, any other one
    from the Internet.
    """
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
    pem = path.read_bytes() if path.is_file() else b""
    return (pem,) if is_certificate(pem) else ()


def target_at(url: str, origin: Origin) -> VerifyTarget:
    """What to verify of a page of which only the address is known. Raises InputError."""
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


def at_address(target: VerifyTarget, address: str | None, login: Login | None) -> VerifyTarget:
    """The same, its name taken to lead to `address`, seen by somebody who signs in."""
    return VerifyTarget(
        replace(target.place, address=address),
        replace(target.request, login=login),
        replace(target.expected, signs_in=login is not None),
    )


def verify_verdicts(target: VerifyTarget) -> list[Verdict]:
    """Visit a page within ten seconds, and twenty with a login, and judge what was seen."""
    seen = visit(target.place, target.request)
    return list(visit_verdicts(seen, target.expected, datetime.now(UTC)))

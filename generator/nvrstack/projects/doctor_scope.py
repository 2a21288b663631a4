"""What `nvrstack doctor` has to look at: for a project, or before there is one."""

from dataclasses import dataclass
from pathlib import Path

from nvrstack.projects.project import LoadedProject
from nvrstack.rendering.forwardings import wanted_forwardings
from nvrstack.services.acme import LETSENCRYPT, directory_url
from nvrstack.settings.model import Settings, Site
from nvrstack.settings.web import ADDRESS_SERVICES

Ids = tuple[int, int]
Folder = tuple[Path, str, Ids]
"""A directory, what it is for, and the uid and gid of who has to write there."""


@dataclass(frozen=True)
class DoctorScope:
    """What to look at.

    `ports` are the settings' keys and the TCP ports that nginx is to have. `time_server` is the URL
    of who tells the time, an ACME directory with its own root certificate `time_root`, if any.
    `forwarded` are the ports to ask the router of, None where the router does not matter. `zone` is
    the time zone that Moonfire is to show, None for this host's.
    """

    ports: tuple[tuple[str, int], ...]
    names: tuple[str, ...] = ()
    address_services: tuple[str, ...] = ()
    time_server: str = ""
    time_root: Path | None = None
    forwarded: tuple[int, ...] | None = ()
    zone: str | None = None
    folders: tuple[Folder, ...] = ()


def scope_of(project: LoadedProject) -> DoctorScope:
    """What matters to a project. One that stays at home asks nobody on the Internet."""
    settings = project.settings
    certificate, site = settings.certificate, settings.site
    moonfire = (settings.moonfire.uid, settings.moonfire.gid)
    services = () if certificate.is_local else settings.ddns.address_services
    root = certificate.authority_root
    return DoctorScope(
        ports=_ports(site.http_port, site.https_port),
        names=settings.host_names,
        address_services=services,
        time_server=_time_server(settings, services),
        time_root=project.directory / root if root else None,
        forwarded=None
        if certificate.is_local
        else tuple(forwarding.port for forwarding in wanted_forwardings(settings, "")),
        zone=settings.moonfire.timezone,
        folders=(
            (project.directory, "the project", (settings.project.uid, settings.project.gid)),
            (project.state_dir, "Moonfire's database", moonfire),
            *((Path(path), "recordings", moonfire) for path in settings.moonfire.sample_dirs),
        ),
    )


def scope_before() -> DoctorScope:
    """What matters to whoever has not run `nvrstack init` yet, with the settings' defaults."""
    fields = Site.model_fields
    return DoctorScope(
        ports=_ports(fields["http_port"].default, fields["https_port"].default),
        address_services=ADDRESS_SERVICES,
        time_server=directory_url(LETSENCRYPT),
    )


def _ports(http: int, https: int) -> tuple[tuple[str, int], ...]:
    return ("site.http_port", http), ("site.https_port", https)


def _time_server(settings: Settings, services: tuple[str, ...]) -> str:
    """The URL that tells the time: the authority's, or what tells the address; at home none."""
    certificate = settings.certificate
    if certificate.is_acme:
        return directory_url(certificate.authority, staging=certificate.staging)
    return next(iter(services), "")

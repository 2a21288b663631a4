"""What a host shows of an install that is known: its files, its web server, what is around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from nvrstack.host import install_files
from nvrstack.migration.around.front_doors import front_doors
from nvrstack.migration.around.nginx.sites import LOOPBACK, NginxSites, nginx_sites
from nvrstack.migration.findings import Finding
from nvrstack.migration.gathering import belongings, renewals
from nvrstack.migration.gathering.survey import Host
from nvrstack.migration.install import Install, Source
from nvrstack.migration.moonfire.config import ConfigProposal, propose
from nvrstack.migration.moonfire.config_source import ConfigFile
from nvrstack.migration.moonfire.places import host_path, host_port
from nvrstack.migration.plan.proposal import OWN, Surroundings
from nvrstack.migration.plan.takeover import (
    preferred,
)
from nvrstack.rendering.context import addresses
from nvrstack.settings.answers import Answers
from nvrstack.settings.load import lookup
from nvrstack.settings.model import Settings
from nvrstack.settings.subnets import CANDIDATES
from nvrstack.visit import MOONFIRE_PORT


@dataclass(frozen=True)
class PlanRequest:
    """What the owner gave: the project's directory, settings, secrets, a version, a kind.

    `docker_host` is the engine's address where it is not the usual one (docker(1), DOCKER_HOST).
    """

    directory: Path
    given: Answers
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    version: str | None = None
    source: Source | None = None
    carries_sites: bool = False
    first_user: str | None = None
    docker_host: str | None = None


@dataclass(frozen=True)
class Seen:
    """What was read of the host once the install was known."""

    install: Install
    file: ConfigFile | None
    before: ConfigProposal
    recorded: belongings.Recordings
    nginx: NginxSites
    around: Surroundings
    ports: tuple[int, ...]
    warnings: tuple[Finding, ...]


def look(host: Host, request: PlanRequest, install: Install, told: tuple[Finding, ...]) -> Seen:
    """Read it. Raises NvrstackError where a file may not be read."""
    file = belongings.config_file(host, install)
    before = propose(install, file, moonfire_address(None))
    recorded = belongings.recordings(host, install, before.database)
    ports = tuple(p for p in (host_port(install, port) for port in before.ports) if p is not None)
    sockets = (host_path(install, PurePosixPath(path)) for path in before.sockets)
    nginx = nginx_sites(
        install_files.nginx_files(host.root),
        ports,
        belongings.names(host),
        [str(path) for path in sockets if path is not None],
    )
    nginx = belongings.with_lineage(host, nginx)
    certified, about_certificates = belongings.certificates(host)
    stays = lookup(request.given.data, "stack") in {None, OWN}
    renewer, about_renewal = renewals.renewer(host, nginx, stays=stays)
    around = Surroundings(
        nginx,
        preferred(certified, nginx.certificate),
        belongings.ddns(host, lookup(request.given.data, "site.domain") or nginx.domain),
        belongings.state_owner(host, install, before.database),
        renewer,
        front_doors(
            install_files.front_door_files(host.root),
            install,
            ports,
            LOOPBACK | belongings.names(host),
        ),
    )
    warnings = (
        *told,
        *belongings.about_config(host, install),
        *belongings.about_image(install),
        *recorded.findings.warnings,
        *nginx.warnings,
        *about_certificates,
        *about_renewal,
        *belongings.firewall(host),
    )
    return Seen(install, file, before, recorded, nginx, around, ports, warnings)


def moonfire_address(settings: Settings | None) -> str:
    """Where Moonfire listens in the project; somewhere while the settings are not complete."""
    subnet = settings.network.backend_subnet if settings is not None else CANDIDATES[0]
    return f"{addresses(subnet).moonfire}:{MOONFIRE_PORT}"

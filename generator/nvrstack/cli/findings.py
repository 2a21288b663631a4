"""Everything that `nvrstack doctor` looks at, asked all at once."""

import os
import time
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from nvrstack.cli.project import LoadedProject
from nvrstack.host import docker_facts, facts
from nvrstack.host.disks import look_at
from nvrstack.host.lan import own_address
from nvrstack.host.name_servers import look_up
from nvrstack.host.router import Gateway, find_gateway
from nvrstack.host.sockets import listeners
from nvrstack.host.timekeeping import clock_keeper
from nvrstack.host.together import begin, by
from nvrstack.host.web import Authority, ask_authority, outside_address, source_of
from nvrstack.rendering.forwardings import wanted_forwardings
from nvrstack.services.acme import directory_url
from nvrstack.settings.model import Settings
from nvrstack.surroundings import (
    Clock,
    Disk,
    DockerNetwork,
    Engine,
    Holder,
    OwnAddress,
    PublicName,
    Route,
    Router,
)

SECONDS = 12.0
"""For how long any answer is waited for."""
Ids = tuple[int, int]


@dataclass(frozen=True)
class Findings:
    """What was found; None and nothing where it could not be told."""

    engine: Engine
    networks: tuple[DockerNetwork, ...] | None
    holders: tuple[Holder, ...]
    routes: tuple[Route, ...]
    disks: tuple[tuple[Disk, Ids | None], ...] | None
    """Each with the ids of who has to write there, None where that is nobody of ours."""
    time_zone: str | None
    has_zone: bool
    clock: Clock
    lan: OwnAddress | None
    router: Router | None
    outside: IPv4Address | None
    names: tuple[PublicName, ...]
    authority: Authority


def find(project: LoadedProject, gateway: Gateway | None = None) -> Findings:
    """Look at this host and ask around, within `SECONDS` and a little more.

    `gateway` is the router, if it was found already.
    """
    settings, deadline = project.settings, time.monotonic() + SECONDS
    public = not settings.certificate.is_local
    services = settings.ddns.address_services if public else ()
    names = [(name, begin(partial(look_up, name))) for name in settings.host_names]
    url, root = _time_server(settings), settings.certificate.authority_root
    authority = begin(partial(ask_authority, url, project.directory / root if root else None))
    outside = begin(partial(outside_address, services, deadline))
    router = begin(partial(_router, settings, gateway)) if public else None
    networks = begin(docker_facts.ask_networks)
    published = begin(docker_facts.published_ports)
    engine = by(deadline, begin(docker_facts.ask_engine), Engine(trouble="did not answer"))
    look = begin(partial(_disks, project, Path(engine.data) if engine.data else None))
    ports = frozenset((settings.site.http_port, settings.site.https_port))
    said = by(deadline, authority, Authority(source_of(url), trouble="it does not answer"))
    return Findings(
        engine=engine,
        networks=by(deadline, networks, None),
        holders=(*by(deadline, published, ()), *listeners(ports)),
        routes=facts.routes(),
        disks=by(deadline, look, None),
        time_zone=facts.time_zone(),
        has_zone=facts.has_zone_file(settings.moonfire.timezone),
        clock=Clock(said.ahead, said.source, said.trouble, clock_keeper()),
        lan=own_address(),
        router=by(deadline, router, None) if router else None,
        outside=by(deadline, outside, None),
        names=tuple(by(deadline, found, PublicName(name, None)) for name, found in names),
        authority=said,
    )


def _time_server(settings: Settings) -> str:
    """The URL that tells the time: the authority's, or what tells the address; at home none."""
    certificate = settings.certificate
    if certificate.is_acme:
        return directory_url(certificate.authority, staging=certificate.staging)
    services = () if certificate.is_local else settings.ddns.address_services
    return next(iter(services), "")


def _router(settings: Settings, gateway: Gateway | None) -> Router | None:
    gateway = gateway or find_gateway()
    ports = [forwarding.port for forwarding in wanted_forwardings(settings, "")]
    return gateway.describe(ports) if gateway else None


def _disks(project: LoadedProject, images: Path | None) -> tuple[tuple[Disk, Ids | None], ...]:
    """The directories of Moonfire, of the project, and the engine's; each with whose it has to be.

    A disk that does not answer, such as a network's, delays them all, and then none is told of.
    """
    settings = project.settings
    moonfire = (settings.moonfire.uid, settings.moonfire.gid)
    owner = (settings.project.uid, settings.project.gid)
    found: list[tuple[Disk, Ids | None]] = [
        (look_at(project.directory, "the project"), owner),
        (look_at(project.state_dir, "Moonfire's database"), moonfire),
    ]
    found += [
        (look_at(Path(path), "recordings"), moonfire) for path in settings.moonfire.sample_dirs
    ]
    # Only root may look into the engine's own directory.
    if images is not None and images.is_dir() and os.access(images, os.X_OK):
        found.append((look_at(images, "images"), None))
    return tuple(found)

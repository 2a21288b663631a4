"""Everything that `nvrstack doctor` looks at, asked all at once."""

import time
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from nvrstack.host import facts
from nvrstack.host.background import begin, by
from nvrstack.host.disks import look_at
from nvrstack.host.docker import facts as docker_facts
from nvrstack.host.docker.client import if_it_answers
from nvrstack.host.network.lan import own_address
from nvrstack.host.network.name_servers import look_up
from nvrstack.host.network.router import Gateway, find_gateway
from nvrstack.host.network.sockets import holders
from nvrstack.host.network.web import Authority, ask_authority, outside_address, source_of
from nvrstack.host.rights import may_enter
from nvrstack.host.timekeeping import clock_keeper
from nvrstack.projects.doctor_scope import DoctorScope, Folder, Ids
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


def find(scope: DoctorScope, gateway: Gateway | None = None) -> Findings:
    """Look at this host and ask around, within `SECONDS` and a little more.

    `gateway` is the router, if it was found already.
    """
    deadline = time.monotonic() + SECONDS
    names = [(name, begin(look_up, name)) for name in scope.names]
    url = scope.time_server
    authority = begin(ask_authority, url, scope.time_root)
    outside = begin(outside_address, scope.address_services, deadline)
    router = None if scope.forwarded is None else begin(_router, scope.forwarded, gateway)
    networks = begin(if_it_answers, docker_facts.ask_networks, None)
    published = begin(partial(if_it_answers, docker_facts.published_ports, ()))
    engine = by(deadline, begin(docker_facts.ask_engine), Engine(trouble="did not answer"))
    images = Path(engine.data) if engine.data else None
    look = begin(_disks, scope.folders, images)
    said = by(deadline, authority, Authority(source_of(url), trouble="it does not answer"))
    zone = facts.time_zone()
    return Findings(
        engine=engine,
        networks=by(deadline, networks, None),
        holders=(
            *by(deadline, published, ()),
            *holders([port for _, port in scope.ports]),
        ),
        routes=facts.routes(),
        disks=by(deadline, look, None),
        time_zone=zone,
        has_zone=facts.has_zone_file(scope.zone or zone or "Etc/UTC"),
        clock=Clock(said.ahead, said.source, said.trouble, clock_keeper()),
        lan=own_address(),
        router=by(deadline, router, None) if router else None,
        outside=by(deadline, outside, None),
        names=tuple(by(deadline, found, PublicName(name, None)) for name, found in names),
        authority=said,
    )


def _router(ports: tuple[int, ...], gateway: Gateway | None) -> Router | None:
    gateway = gateway or find_gateway()
    return gateway.describe(ports) if gateway else None


def _disks(folders: tuple[Folder, ...], images: Path | None) -> tuple[tuple[Disk, Ids | None], ...]:
    """These directories, and the engine's; each with whose it has to be.

    A disk that does not answer, such as a network's, delays them all, and then none is told of.
    """
    found: list[tuple[Disk, Ids | None]] = [
        (look_at(path, what), owner) for path, what, owner in folders
    ]
    # Only root may look into the engine's own directory.
    if images is not None and images.is_dir() and may_enter(images):
        found.append((look_at(images, "images"), None))
    return tuple(found)

"""`nvrstack doctor`: whether this host and what is around it let the project work."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import HostError, InputError

if TYPE_CHECKING:
    from nvrstack.checks.verdict import Verdict
    from nvrstack.host.network.router import Gateway
    from nvrstack.projects.diagnosis import Findings
    from nvrstack.settings.model import Settings


def doctor(
    context: typer.Context,
    forward: Annotated[
        bool, typer.Option("--forward", help="Add the port forwardings to the router, by UPnP.")
    ] = False,
) -> None:
    """Look for what keeps the project from working here. Exit 1 when there is a problem.

    Host, disks, router, DNS and clock are looked at, and nothing is changed without --forward.
    Without a project, what matters before `nvrstack init` is looked at.
    """
    from nvrstack.cli.verdicts import report
    from nvrstack.projects.diagnosis import find
    from nvrstack.projects.doctor_scope import scope_before, scope_of
    from nvrstack.projects.project import read_project

    console: Console = context.obj
    directory = console.find_project() if forward else console.look_for_project()
    if directory is None:
        scope = scope_before()
        report(console, list(verdicts_before(scope.ports, find(scope))))
        return
    project = read_project(directory)
    gateway = _forward(console, project.settings) if forward else None
    report(console, list(_verdicts(project.settings, find(scope_of(project), gateway))))


def _forward(console: Console, settings: "Settings") -> "Gateway":
    """Add the forwardings that the router lacks, and renew those with an end, once agreed to."""
    from nvrstack.checks.router import forwarding_of, leads_to
    from nvrstack.host.facts import lan_address
    from nvrstack.host.network.router import find_gateway
    from nvrstack.rendering.forwardings import wanted_forwardings

    address = settings.network.lan_address or lan_address()
    if address is None:
        raise HostError("this machine has no way to the network", "see what `ip address` shows")
    wanted = wanted_forwardings(settings, str(address))
    if not wanted:
        raise InputError(
            "these cameras are for home only, so that no port has to be forwarded",
            "`nvrstack stacks` tells which stacks are reachable from the Internet",
        )
    gateway = find_gateway()
    if gateway is None:
        raise HostError(
            "no router answers by UPnP",
            "switch UPnP on in the router, or forward the ports on its own page",
        )
    found = gateway.describe([forwarding.port for forwarding in wanted])
    missing = []
    for one in wanted:
        present = forwarding_of(one.port, found)
        if present is None or (present.seconds and leads_to(present, one)):
            missing.append(one)
        elif not leads_to(present, one):
            raise HostError(
                f"the router forwards port {one.port} to {present.address}, port {present.target} "
                f"({present.text or 'without a name'}) already; nothing was changed",
                "remove that forwarding on the router's page first",
            )
    if not missing:
        console.say("The router has these forwardings already.")
        return gateway
    told = " and ".join(f"{one.port} to {one.address}, port {one.target}" for one in missing)
    if console.agrees(f"Let the router forward TCP port {told}?"):
        for one in missing:
            gateway.forward(one)
        console.say(f"The router now forwards TCP port {told}.")
    return gateway


def verdicts_before(ports: "Sequence[tuple[str, int]]", found: "Findings") -> "Iterator[Verdict]":
    """The verdicts for whoever has no project yet; the first says what is left out."""
    from nvrstack.checks.clock import clock_verdict
    from nvrstack.checks.engine import engine_verdicts
    from nvrstack.checks.lan_address import lan_address_verdict
    from nvrstack.checks.ports import port_verdicts
    from nvrstack.checks.router import router_verdict
    from nvrstack.checks.time_zone import time_zone_verdict
    from nvrstack.checks.verdict import Level, Verdict

    yield Verdict(
        "project",
        Level.UNKNOWN,
        "there is none here; could not tell about its names, forwardings, disks and private "
        "network",
        "make one with `nvrstack init`, or name it with --project DIR; then look again",
    )
    yield from engine_verdicts(found.engine, ())
    yield from port_verdicts(ports, (), found.holders, None)
    yield from _disk_verdicts(found)
    zone = found.time_zone or "Etc/UTC"
    yield time_zone_verdict(zone, zone, has_data=found.has_zone)
    yield clock_verdict(found.clock)
    yield lan_address_verdict(None, found.lan)
    yield router_verdict(found.router, found.outside)


def _disk_verdicts(found: "Findings") -> "Iterator[Verdict]":
    from nvrstack.checks.disks import disk_verdict, owner_verdict, silent_disks

    if found.disks is None:
        yield silent_disks()
    for disk, ids in found.disks or ():
        yield disk_verdict(disk)
        if ids is not None and disk.is_there:
            yield owner_verdict(disk, ids)


def _verdicts(settings: "Settings", found: "Findings") -> "Iterator[Verdict]":
    from nvrstack.checks.clock import clock_verdict
    from nvrstack.checks.engine import engine_verdicts
    from nvrstack.checks.lan_address import lan_address_verdict
    from nvrstack.checks.ports import port_verdicts
    from nvrstack.checks.subnets import subnet_verdict
    from nvrstack.checks.time_zone import time_zone_verdict

    name = settings.project.name
    published = [holder for holder in found.holders if holder.project == name]
    yield from engine_verdicts(found.engine, published)
    site = settings.site
    ports = [("site.http_port", site.http_port), ("site.https_port", site.https_port)]
    yield from port_verdicts(ports, site.bind, found.holders, name)
    yield subnet_verdict(settings.network.backend_subnet, name, found.routes, found.networks)
    yield from _disk_verdicts(found)
    zone = settings.moonfire.timezone
    yield time_zone_verdict(zone, found.time_zone, has_data=found.has_zone)
    yield clock_verdict(found.clock)
    yield lan_address_verdict(settings.network.lan_address, found.lan)
    yield from _names(settings, found)


def _names(settings: "Settings", found: "Findings") -> "Iterator[Verdict]":
    """The verdicts on what others need to find the way here, router and names."""
    from nvrstack.checks.caa import caa_verdict
    from nvrstack.checks.public_name import ipv6_verdict, name_verdict
    from nvrstack.checks.router import forwarding_verdicts, router_verdict
    from nvrstack.rendering.forwardings import wanted_forwardings

    lan = settings.network.lan_address or (found.lan.address if found.lan else None)
    if settings.certificate.is_local:
        here = lan
    else:
        yield router_verdict(found.router, found.outside)
        wanted = wanted_forwardings(settings, str(lan or "this machine"))
        yield from forwarding_verdicts(wanted, found.router)
        outside = found.router.outside if found.router else None
        # Where a VPN carries this machine's requests, the router still has the home's address.
        here = outside if outside and outside.is_global else found.outside
    for name in found.names:
        yield name_verdict(name, here, lan, settings.ddns.updater)
        yield ipv6_verdict(name)
        if settings.certificate.is_acme:
            wildcard = f"*.{name.name}" in settings.every_name
            challenge = settings.certificate.challenge
            yield caa_verdict(name, found.authority.identities, challenge, wildcard=wildcard)

"""What `nvrstack doctor` says of what was found, for a project or before there is one. Pure."""

from collections.abc import Iterator, Sequence

from nvrstack.checks.caa import caa_verdict
from nvrstack.checks.clock import clock_verdict
from nvrstack.checks.disks import disk_verdict, owner_verdict, silent_disks
from nvrstack.checks.engine import engine_verdicts
from nvrstack.checks.lan_address import lan_address_verdict
from nvrstack.checks.ports import port_verdicts
from nvrstack.checks.public_name import ipv6_verdict, name_verdict
from nvrstack.checks.router import forwarding_verdicts, router_verdict
from nvrstack.checks.subnets import subnet_verdict
from nvrstack.checks.time_zone import time_zone_verdict
from nvrstack.checks.verdict import Level, Verdict
from nvrstack.projects.diagnosis import Findings
from nvrstack.rendering.forwardings import wanted_forwardings
from nvrstack.settings.model import Settings


def verdicts_before(ports: Sequence[tuple[str, int]], found: Findings) -> Iterator[Verdict]:
    """The verdicts for whoever has no project yet; the first says what is left out."""
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


def _disk_verdicts(found: Findings) -> Iterator[Verdict]:
    if found.disks is None:
        yield silent_disks()
    for disk, ids in found.disks or ():
        yield disk_verdict(disk)
        if ids is not None and disk.is_there:
            yield owner_verdict(disk, ids)


def verdicts_for(settings: Settings, found: Findings) -> Iterator[Verdict]:
    """The verdicts for a project with these settings."""
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


def _names(settings: Settings, found: Findings) -> Iterator[Verdict]:
    """The verdicts on what others need to find the way here, router and names."""
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

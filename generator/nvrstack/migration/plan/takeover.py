"""What of the host the project takes over, put into the form that a move needs."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath

from nvrstack.migration.around.certificate_proposal import Certified
from nvrstack.migration.around.nginx.sites import NginxSites
from nvrstack.migration.around.renewal import (
    DIRECTORY,
    STAGING,
    dns_provider,
    with_dns,
    with_webroot,
)
from nvrstack.migration.around.schedules import NGINX_SERVICE, Schedules
from nvrstack.migration.findings import Finding
from nvrstack.migration.plan import rules
from nvrstack.migration.plan.move import Certificate, HostNginx
from nvrstack.pki.own import covers
from nvrstack.settings.model import Settings


def carried_certificates(
    settings: Settings, lineages: Sequence[str], certified: Sequence[Certified]
) -> tuple[Certificate, ...]:
    """The host's certificates that serve for the project's `lineages`, each under its new name.

    What is to be got by DNS from now on has to have been, at the same provider: a new way shows at
    once whether it works.
    """
    if not settings.certificate.is_acme:
        return ()
    by_dns = settings.certificate.dns_provider
    found = []
    for name in lineages:
        for held in certified:
            same = by_dns is None or dns_provider(held.lineage.authenticator) == by_dns
            if same and held.in_place and any(covers(pattern, name) for pattern in held.domains):
                found.append(_certificate(held, name, by_dns=by_dns is not None))
                break
    return tuple(found)


def preferred(certified: Sequence[Certified], used: str | None) -> tuple[Certified, ...]:
    """The host's certificates, the best first: what nginx serves, `used` being the path of that.

    Next come those of an authority that browsers trust, and of these the ones that live longest.
    """

    def rank(held: Certified) -> tuple[bool, bool, datetime]:
        served = used is not None and PurePosixPath(used).parent.name == held.lineage.name
        return served, held.lineage.server != STAGING, held.not_after

    return tuple(sorted(certified, key=rank, reverse=True))


def _certificate(held: Certified, name: str, *, by_dns: bool) -> Certificate:
    lineage = held.lineage
    text = _renamed(held.text, lineage.name, name)
    renewal = with_dns(text, lineage.authenticator) if by_dns else with_webroot(text, held.domains)
    server = lineage.server.removeprefix("https://")
    account = f"{server}/{lineage.account}" if lineage.account else None
    return Certificate(lineage.name, name, renewal, account)


def _renewed_path(name: str) -> str:
    return rf"({re.escape(DIRECTORY)}/(?:live|archive)/){re.escape(name)}(?=/|\s|$)"


def _renamed(renewal: str, old: str, new: str) -> str:
    return re.sub(_renewed_path(old), rf"\g<1>{new}", renewal, flags=re.MULTILINE)


def has_to_give_way(
    nginx: NginxSites, ports: Collection[int], takers: Mapping[int, str], schedules: Schedules
) -> bool:
    """Whether the host's nginx holds the project's `ports`, named in `takers`, or will at boot.

    One that passes its port on unread to Moonfire's site, which is a file of its own, goes on
    without that file.
    """
    if nginx.fronting_ports and nginx.staying is not None:
        return not nginx.staying.isdisjoint(ports)
    wants = not nginx.ports or not nginx.ports.isdisjoint(ports)
    return "nginx" in takers.values() or (schedules.runs_nginx and wants)


def replaced_nginx(
    nginx: NginxSites, ports: Collection[int], takers: Mapping[int, str], schedules: Schedules
) -> HostNginx | None:
    """The host's nginx as far as it must give way: all of it, or Moonfire's site files alone.

    It keeps the other sites where it does not need the project's ports.
    """
    gives_way = has_to_give_way(nginx, ports, takers, schedules)
    if not gives_way and not nginx.moonfire:
        return None
    if nginx.others and not gives_way:
        if nginx.staying is None:
            return None
        files = dict.fromkeys(site.file for site in nginx.moonfire)
        return HostNginx(NGINX_SERVICE, tuple(map(PurePosixPath, files))) if files else None
    return HostNginx(NGINX_SERVICE)


def left_to_certbot(
    certified: Sequence[Certified], carried: Sequence[Certificate]
) -> tuple[Finding, ...]:
    """A warning where the host's certbot has certificates that do not come along."""
    taken = {certificate.source for certificate in carried}
    left = [held.lineage.name for held in certified if held.lineage.name not in taken]
    if not left:
        return ()
    return (rules.CERTBOT_LEFT(left=", ".join(left)),)

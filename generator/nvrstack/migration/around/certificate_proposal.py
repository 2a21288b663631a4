"""The settings of a project's certificate, from the one that the host has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from nvrstack.migration.around.nginx.sites import NginxSites
from nvrstack.migration.around.renewal import DIRECTORY, Lineage, dns_provider
from nvrstack.migration.around.rules import CERTBOT_PATHS
from nvrstack.pki.own import covers
from nvrstack.services.acme import DIRECTORIES, PROFILES
from nvrstack.settings.load import lookup

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Certified:
    """A lineage of the host's certbot, its renewal file, and the names of its certificate.

    `not_after` is until when the certificate is valid, `credentials` the text of the file by which
    certbot signs in to a DNS provider.
    """

    lineage: Lineage
    text: str
    domains: tuple[str, ...]
    not_after: datetime = LONG_AGO
    credentials: str | None = field(default=None, repr=False)

    @property
    def in_place(self) -> bool:
        """Whether it is kept where certbot keeps them, and so can be copied from there."""
        return not any(warning.code == CERTBOT_PATHS.code for warning in self.lineage.warnings)


def own_certificate(nginx: NginxSites, domain: str) -> dict[str, Any]:
    """The certificate of the host's nginx where certbot did not get it, if it is for `domain`."""
    if nginx.certificate is None or nginx.key is None or nginx.domain != domain:
        return {}
    if PurePosixPath(nginx.certificate).is_relative_to(DIRECTORY):
        return {}
    return {"chain_file": nginx.certificate, "key_file": nginx.key}


def certified_for(certificates: Sequence[Certified], domain: str) -> Certified | None:
    """The first of the certificates that is for `domain`."""
    return next(
        (c for c in certificates if any(covers(pattern, domain) for pattern in c.domains)), None
    )


def certificate_settings(lineage: Lineage) -> dict[str, Any]:
    """How the lineage was asked for, so that the next one comes from the same authority."""
    by_url = {url: name for name, url in DIRECTORIES.items()}
    found: dict[str, Any] = {"authority": by_url.get(lineage.server, lineage.server)}
    if lineage.key_type == "rsa":
        found["key_type"] = "rsa"
    if lineage.profile in PROFILES:
        found["profile"] = lineage.profile
    return found


def challenge_settings(lineage: Lineage, given: Mapping[str, Any]) -> dict[str, Any]:
    """How the DNS provider is asked, if that proved the lineage and nothing else is `given`."""
    provider = dns_provider(lineage.authenticator)
    if provider is None or lookup(given, "certificate.challenge") == "http-01":
        return {}
    return {"challenge": "dns-01", "dns_provider": provider}

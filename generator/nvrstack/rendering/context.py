"""What the templates may say: values worked out from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from urllib.parse import urlsplit

from nvrstack import __version__
from nvrstack.rendering.challenge import challenge
from nvrstack.services.acme import directory_url, publicly_trusted
from nvrstack.services.dns_providers import DnsProvider, dns_providers
from nvrstack.services.images import CERTBOT_REPOSITORY, certbot_image
from nvrstack.services.providers import Provider, providers
from nvrstack.settings.ddns_rules import zone_of
from nvrstack.settings.model import FurtherSite, Settings
from nvrstack.stacks import Stack

HTTP = 80
HTTPS = 443


@dataclass(frozen=True)
class Addresses:
    """The fixed addresses on the backend network; the bridge itself has the first one."""

    nginx: IPv4Address
    moonfire: IPv4Address


@dataclass(frozen=True)
class RenderedSite:
    """One site that nginx serves, its names, and the directory of its certificate."""

    name: str
    domains: tuple[str, ...]
    certificate: str


@dataclass(frozen=True)
class Upstream:
    """Where a further site's requests go.

    `authority` is host and port as its own visitors would write them; `tls_name` is asked for in
    TLS, unless it is an address.
    """

    site: FurtherSite
    scheme: str
    host: str
    port: int
    is_name: bool
    authority: str
    tls_name: str


def context(settings: Settings, stack: Stack) -> Mapping[str, Any]:
    """The variables of every template."""
    provider = _provider(settings)
    certificate = settings.certificate
    dns_provider = _dns_provider(settings)
    return {
        "version": __version__,
        "settings": settings,
        "stack": stack,
        "addresses": addresses(settings.network.backend_subnet),
        "sites": _sites(settings),
        "upstreams": tuple(_upstream(site) for site in settings.sites),
        "state_source": _bind_source(str(settings.moonfire.state_dir)),
        "redirect_port": redirect_port(settings),
        "public_port": public_https_port(settings),
        "url": url(settings),
        "login_rate_of_all": max(settings.access.login_rate, settings.access.login_rate_of_all),
        "hsts_seconds": hsts_seconds(settings),
        "trusted": _trusted(settings),
        "acme_directory": directory_url(certificate.authority, staging=certificate.staging),
        "dns_provider": dns_provider,
        "challenge": challenge(certificate, dns_provider),
        "certbot_image": certbot_image(
            settings.images.certbot,
            dns_provider.repository if dns_provider else CERTBOT_REPOSITORY,
        ),
        "install_url": install_url(settings),
        "provider": provider,
        "ddns_names": settings.ddns.hosts or settings.host_names,
        "ddns_records": ddns_records(settings),
        "ddns_server": settings.ddns.server or "",
    }


def addresses(subnet: IPv4Network) -> Addresses:
    """Who has which address of the backend network."""
    return Addresses(nginx=subnet[2], moonfire=subnet[3])


def public_https_port(settings: Settings) -> int:
    """The port that browsers use: the router's 443 from the Internet, ours at home."""
    default = settings.site.https_port if settings.certificate.is_local else HTTPS
    return settings.site.public_https_port or default


def redirect_port(settings: Settings) -> str:
    """What follows the host in an https address: nothing, or a colon and the port."""
    port = public_https_port(settings)
    return "" if port == HTTPS else f":{port}"


def hsts_seconds(settings: Settings) -> int:
    """For how long browsers are told to insist on https; 0 where they must not.

    A browser that insists goes from http to port 443 (RFC 6797 section 8.3), where nobody is when
    the page has another one.
    """
    insists = _trusted(settings) and public_https_port(settings) == HTTPS
    return int(settings.access.hsts.total_seconds()) if insists else 0


def url(settings: Settings) -> str:
    """The address under which the cameras are opened."""
    return f"https://{settings.site.domain}{redirect_port(settings)}/"


def install_url(settings: Settings) -> str:
    """Where phones and computers get the root certificate of the local authority."""
    port = settings.site.http_port
    return f"http://{settings.site.domain}{'' if port == HTTP else f':{port}'}/install"


def lineages(settings: Settings) -> tuple[str, ...]:
    """The names of certbot's lineages: the first name of each site."""
    return tuple(site.domains[0] for site in _sites(settings))


def _trusted(settings: Settings) -> bool:
    """Whether every browser trusts the certificate."""
    certificate = settings.certificate
    return publicly_trusted(
        certificate.authority,
        staging=certificate.staging,
        has_own_root=certificate.authority_root is not None,
    )


def _sites(settings: Settings) -> tuple[RenderedSite, ...]:
    redirects = (
        RenderedSite(f"redirect-{name}", (name,), _lineage(settings, name))
        for name in settings.site.redirects
    )
    main = RenderedSite("moonfire", settings.site.names, _lineage(settings, settings.site.domain))
    further = (
        RenderedSite(f"site-{site.domain}", (site.domain,), _lineage(settings, site.domain))
        for site in settings.sites
    )
    return (main, *redirects, *further)


def _upstream(site: FurtherSite) -> Upstream:
    parts = urlsplit(site.upstream)
    host = parts.hostname or ""
    port = parts.port or HTTP
    is_name = not host.replace(".", "").isdigit()
    authority = host if port == {"http": HTTP, "https": HTTPS}[parts.scheme] else f"{host}:{port}"
    tls_name = host if site.is_told_own_name else site.domain
    return Upstream(site, parts.scheme, host, port, is_name, authority, tls_name)


def _lineage(settings: Settings, name: str) -> str:
    if not settings.certificate.is_acme:
        return f"/etc/nvrstack/tls/{'local' if settings.certificate.is_local else 'own'}"
    return f"/etc/letsencrypt/live/{name}"


def _dns_provider(settings: Settings) -> DnsProvider | None:
    certificate = settings.certificate
    by_dns = certificate.is_acme and certificate.challenge == "dns-01"
    return dns_providers()[certificate.dns_provider or ""] if by_dns else None


def _bind_source(path: str) -> str:
    return path if path.startswith("/") else f"./{path}"


def _provider(settings: Settings) -> Provider | None:
    return providers()[settings.ddns.provider] if settings.ddns.provider else None


def ddns_records(settings: Settings) -> Mapping[str, str]:
    """The records to keep up to date by their whole names, and what ddclient is given for each."""
    provider, hosts = _provider(settings), settings.ddns.hosts or settings.host_names
    if provider is None:
        return {host: host for host in hosts}
    zone = zone_of(provider, settings)
    records = dict.fromkeys(provider.record(host) for host in hosts)
    return {record: provider.told_as(record, zone) for record in records}

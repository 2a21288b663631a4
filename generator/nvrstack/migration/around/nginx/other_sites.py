"""The other sites of the host's nginx: carried as `[[sites]]`, left to it, or in the way."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from nvrstack.migration.around.nginx import rules
from nvrstack.migration.around.nginx.server import Site
from nvrstack.migration.around.nginx.sites import LOOPBACK, NginxSites
from nvrstack.migration.findings import Finding, Remarks
from nvrstack.surroundings import Listener


@dataclass(frozen=True)
class OtherSites:
    """`tables` are for the setting `sites`; what is left is said in the findings."""

    tables: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()


def other_sites(
    nginx: NginxSites,
    address: str | None,
    listening: Sequence[Listener],
    *,
    carry: bool,
    gives_way: bool,
    given: Collection[str] = (),
    domain: str | None = None,
) -> OtherSites:
    """What becomes of the sites beside Moonfire's, where their nginx has to give way.

    `address` is this machine's own in its network, by which the project's nginx reaches what
    listens here; `listening` are the sockets of all. With `carry`, sites come along that pass
    requests on; those named in `given` are settled already. `domain` is to be the project's own.
    """
    tables: list[Mapping[str, Any]] = []
    remarks = Remarks()
    for site in nginx.others if gives_way else ():
        names = [name for name in site.names if name not in given]
        if site.names and not names:
            continue
        upstream = _upstream(site, address) if names else None
        if domain in names and site.backends:
            remarks.add(_strange_backend(site, str(domain)))
        elif upstream is None:
            remarks.add(_homeless(site))
        elif not carry:
            remarks.add(_asked(site))
        else:
            known = {table["domain"] for table in tables}
            tables += [
                {"domain": name, "upstream": upstream, "verify_tls": False}
                for name in names
                if name not in known
            ]
            remarks.add(*_hidden(site, listening))
    return OtherSites(tuple(tables), tuple(remarks.warnings), tuple(remarks.blockers))


def _upstream(site: Site, address: str | None) -> str | None:
    """Where the project's nginx finds what the site passes requests to; None where it cannot."""
    if not site.backends:
        return None
    try:
        parts = urlsplit(site.backends[0].partition("$")[0])
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    host = address if parts.hostname in LOOPBACK else parts.hostname
    if host == "unix" or host is None or port is None or parts.scheme not in {"http", "https"}:
        return None
    return f"{parts.scheme}://{host}:{port}"


def _hidden(site: Site, listening: Sequence[Listener]) -> list[Finding]:
    """A warning where the site's backend listens on the loopback alone."""
    parts = urlsplit(site.backends[0].partition("$")[0])
    there = [one for one in listening if one.port == parts.port]
    if parts.hostname not in LOOPBACK or not there:
        return []
    if any(not one.address.is_loopback for one in there):
        return []
    return [rules.SITE_ON_LOOPBACK(site.line, name=site.names[0], address=there[0].address)]


def _asked(site: Site) -> Finding:
    return rules.NGINX_OTHER_SITE(
        site.line, file=site.file, names=", ".join(site.names), backend=site.backends[0]
    )


def _strange_backend(site: Site, domain: str) -> Finding:
    return rules.NGINX_BACKEND_UNKNOWN(
        site.line, file=site.file, domain=domain, backend=site.backends[0]
    )


def _homeless(site: Site) -> Finding:
    return rules.NGINX_OTHER_SITE_UNLIKE(site.line, file=site.file, site=site.label)

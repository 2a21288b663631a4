"""The other sites of the host's nginx: carried as `[[sites]]`, left to it, or in the way."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from nvrstack.migration.around.listeners import Listener
from nvrstack.migration.around.nginx.server import Site
from nvrstack.migration.around.nginx.sites import LOOPBACK, NginxSites
from nvrstack.migration.install import Finding


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
    warnings: list[Finding] = []
    blockers: list[Finding] = []
    for site in nginx.others if gives_way else ():
        names = [name for name in site.names if name not in given]
        if site.names and not names:
            continue
        upstream = _upstream(site, address) if names else None
        if domain in names and site.backends:
            blockers.append(_strange_backend(site, str(domain)))
        elif upstream is None:
            blockers.append(_homeless(site))
        elif not carry:
            blockers.append(_asked(site))
        else:
            known = {table["domain"] for table in tables}
            tables += [
                {"domain": name, "upstream": upstream, "verify_tls": False}
                for name in names
                if name not in known
            ]
            warnings += _hidden(site, listening)
    return OtherSites(tuple(tables), tuple(warnings), tuple(blockers))


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
    return [
        Finding(
            "site-on-loopback",
            f"what answers for {site.names[0]} listens on {there[0].address} alone, where no "
            "container reaches it",
            "let it listen on this machine's own address too",
            site.line,
        )
    ]


def _asked(site: Site) -> Finding:
    return Finding(
        "nginx-other-site",
        f"{site.file}: this nginx serves {', '.join(site.names)} too, and has to give up its ports",
        "add --carry-sites: the project's nginx then passes its requests to "
        f"{site.backends[0]}, with a certificate of its own",
        site.line,
    )


def _strange_backend(site: Site, domain: str) -> Finding:
    return Finding(
        "nginx-backend-unknown",
        f"{site.file}: this nginx passes {domain} to {site.backends[0]}, which is not known to be "
        "Moonfire",
        "if it is, write proxy_pass http://127.0.0.1:PORT there, with Moonfire's own port, and "
        "plan again; if not, give your cameras' name with --set site.domain=NAME",
        site.line,
    )


def _homeless(site: Site) -> Finding:
    return Finding(
        "nginx-other-site",
        f"{site.file}: this nginx serves {site.label} too, from files or in a way that the "
        "project's nginx does not have, and has to give up its ports",
        "give it another home, or another port, before the move; or let the project use other "
        "ports, with --set site.https_port=PORT --set site.http_port=PORT",
        site.line,
    )

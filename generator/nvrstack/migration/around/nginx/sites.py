"""What the host's nginx serves: Moonfire's site, under which names, and every other site."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from nvrstack.migration.around.nginx.findings import left_names, site_findings
from nvrstack.migration.around.nginx.server import Site, around_of, read_site
from nvrstack.migration.around.nginx.streams import Stream, streams
from nvrstack.migration.around.nginx.tree import MAIN, Directive, read_tree
from nvrstack.migration.findings import Finding, Remarks
from nvrstack.settings.names import public_suffix_problem

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "[::1]"})  # noqa: S104
HTTP, HTTPS = 80, 443


@dataclass(frozen=True)
class NginxSites:
    """Moonfire's names, as settings take them, and the other sites.

    `redirects` and `short_names` only lead to the domain; `port` is the one on which the proxy
    reaches Moonfire; `moonfire` has the blocks that do. `ports` are those that nginx listens on.
    `http_port` and `https_port` are those of Moonfire's site where they are not the usual ones, and
    `public_https_port` is the one that a redirect names, or by which nginx leads there unread.
    `staying` are the ports of what stays where Moonfire's files alone are taken out, None where
    these have something else in them. `blockers` are said of Moonfire's site.
    """

    domain: str | None = None
    aliases: tuple[str, ...] = ()
    redirects: tuple[str, ...] = ()
    short_names: tuple[str, ...] = ()
    certificate: str | None = None
    key: str | None = None
    port: int | None = None
    moonfire: tuple[Site, ...] = ()
    others: tuple[Site, ...] = ()
    ports: frozenset[int] = frozenset()
    http_port: int | None = None
    https_port: int | None = None
    public_https_port: int | None = None
    fronting_ports: frozenset[int] = frozenset()
    staying: frozenset[int] | None = None
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()


def nginx_sites(
    files: Mapping[str, str],
    ports: Collection[int] = (8080,),
    hosts: Collection[str] = (),
    sockets: Collection[str] = (),
) -> NginxSites:
    """Read nginx's files, given by their absolute paths, and find Moonfire's site in them.

    `ports` and `sockets` are Moonfire's on this host, the latter by their paths; `hosts` are this
    host's own names and addresses, beside the loopback's.
    """
    tree = read_tree(files)
    around = around_of(tree.root)
    sites = [read_site(server, around) for server in _servers(tree.root)]
    own = LOOPBACK | set(hosts)
    reaching = {
        backend: _port(backend, own)
        for site in sites
        for backend in site.backends
        if _port(backend, own) in ports or _socket(backend) in sockets
    }
    moonfire = [site for site in sites if not reaching.keys().isdisjoint(site.backends)]
    # The one with a certificate is what people use; another may serve port 80.
    moonfire.sort(key=lambda site: not site.tls)
    names = tuple(dict.fromkeys(name for site in moonfire for name in site.names))
    leading = [s for s in sites if s not in moonfire and _leads_to(s, names)]
    onto = dict.fromkeys(n for s in leading for n in s.names if n not in names)
    short = [name for name in (*names, *onto) if "." not in name]
    full = _certified([name for name in (*names, *onto) if "." in name], names)
    left = [name for name in (*names, *onto) if name not in {*full, *short}]
    domains = [name for name in names if name in full]
    others = _others([s for s in sites if s not in moonfire and s not in leading])
    passed_on = list(streams(tree.root, names))
    others += tuple(stream.as_site() for stream in passed_on)
    reached = (reaching[b] for site in moonfire for b in site.backends if b in reaching)
    secure = dict.fromkeys(port for site in moonfire for port in site.tls_ports if port)
    plain = [p for s in (*moonfire, *leading) for p in s.ports if p and p not in s.tls_ports]
    fronting = [p for stream in passed_on if _fronts(stream, secure, own) for p in stream.ports]
    redirected = next(filter(None, map(_redirected_port, leading)), None)
    certified = next((site for site in moonfire if site.certificate), None)
    said = Remarks()
    said.add(*site_findings(moonfire, reaching))
    return NginxSites(
        domain=domains[0] if domains else None,
        aliases=tuple(domains[1:]),
        redirects=tuple(name for name in onto if name in full),
        short_names=tuple(dict.fromkeys(short)),
        certificate=certified.certificate if certified else None,
        key=certified.key if certified else None,
        port=next((port for port in reached if port is not None), None),
        moonfire=tuple(moonfire),
        others=others,
        ports=frozenset(port for site in (*sites, *others) for port in site.ports),
        http_port=_unusual(plain, HTTP) if secure else None,
        https_port=_unusual(secure, HTTPS),
        public_https_port=redirected or next(iter(fronting), None),
        fronting_ports=frozenset(fronting),
        staying=_staying(moonfire, others, sites),
        warnings=(
            *tree.warnings,
            *said.warnings,
            *left_names((*left, *_own_addresses((*moonfire, *leading)))),
        ),
        blockers=tuple(said.blockers),
    )


def _certified(full: list[str], names: Collection[str]) -> list[str]:
    """Those of `full` that one certificate can have: a home's own beside public ones it cannot."""
    return list(filter(_is_public, full)) if any(map(_is_public, names)) else full


def _is_public(name: str) -> bool:
    """Whether a name may be one on the Internet, for which a certificate can be had."""
    return public_suffix_problem(name) is None


def _servers(root: Directive) -> Iterator[Directive]:
    """The `server` blocks of http; those of upstream and stream are something else."""
    for directive in root.block:
        if directive.name == "server" and directive.block:
            yield directive
        elif directive.name == "http":
            yield from _servers(directive)


def _fronts(stream: Stream, ports: Collection[int], hosts: Collection[str]) -> bool:
    """Whether what comes to the stream may reach one of nginx's own `ports`."""
    return any(_port(f"http://{target}", hosts) in ports for target in stream.targets)


def _staying(
    moonfire: Collection[Site], others: Collection[Site], sites: Collection[Site]
) -> frozenset[int] | None:
    files = {site.file for site in moonfire}
    if not files or MAIN in files or any(site.file in files for site in others):
        return None
    return frozenset(p for s in (*sites, *others) if s.file not in files for p in s.ports)


def _leads_to(site: Site, names: Collection[str]) -> bool:
    """Whether a site only redirects to one of `names`, or each of its names to itself."""
    if site.redirect is None:
        return False
    host = _host(site.redirect)
    return host in names if host is not None else not set(site.names).isdisjoint(names)


def _others(sites: Collection[Site]) -> tuple[Site, ...]:
    """The sites that have a name or serve something, but not those that only lead to another."""
    serving = {name for site in sites if not site.redirect for name in site.names}
    # nginx's first page answers to localhost, or to no name.
    return tuple(
        site
        for site in sites
        if (site.serves or not {*site.names} <= {"localhost"}) and not _leads_to(site, serving)
    )


def _own_addresses(sites: Iterable[Site]) -> Iterator[str]:
    """The addresses among what sites answer to."""
    found = dict.fromkeys(pattern for site in sites for pattern in site.patterns)
    return (pattern for pattern in found if _is_address(pattern))


def _is_address(text: str) -> bool:
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def _port(url: str, hosts: Collection[str]) -> int | None:
    """The port of this host that a URL names; None where it names another host, or none."""
    try:
        # A variable behind the port is the path.
        parts = urlsplit(url.partition("$")[0])
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    host = parts.hostname or ""
    is_own = host in hosts or (_is_address(host) and ip_address(host).is_loopback)
    return port if is_own else None


def _socket(url: str) -> str | None:
    """The path of a socket that a URL names, as in `http://unix:/run/x.sock:/uri`."""
    match = re.match(r"https?://unix:([^:$]+)", url)
    return match[1] if match else None


def _unusual(ports: Iterable[int], usual: int) -> int | None:
    """The first of the ports, where there are any and the usual one is not among them."""
    found = list(ports)
    return found[0] if found and usual not in found else None


def _redirected_port(site: Site) -> int | None:
    """The port that a site's redirect to https names."""
    match = re.match(r"https://[^/]*:(\d{1,5})(?!\d)", site.redirect or "")
    return int(match[1]) if match else None


def _host(url: str) -> str | None:
    """The host of a redirect; None where it is nginx's variable for the one that was asked for."""
    match = re.match(r"https?://([^/:?#$]*)(\$?)", url)
    if match is None:
        return ""
    return None if match[2] and not match[1] else match[1].lower()

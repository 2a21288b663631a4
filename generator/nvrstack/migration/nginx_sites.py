"""What the host's nginx serves: Moonfire's site, under which names, and every other site."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from nvrstack.migration.install import Finding
from nvrstack.migration.nginx_tree import Directive, read_tree

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "[::1]"})  # noqa: S104
CARRIED = frozenset(
    {
        "client_max_body_size", "gzip", "http2", "include", "index", "listen", "location",
        "proxy_buffering", "proxy_http_version", "proxy_pass", "proxy_read_timeout",
        "proxy_redirect", "proxy_send_timeout", "proxy_set_header", "return", "root",
        "server_name", "ssl_certificate", "ssl_certificate_key", "ssl_ciphers", "ssl_dhparam",
        "ssl_prefer_server_ciphers", "ssl_protocols", "ssl_session_cache", "ssl_session_tickets",
        "ssl_session_timeout", "ssl_stapling", "ssl_stapling_verify", "ssl_trusted_certificate",
        "tcp_nodelay", "try_files", "if", "add_header", "access_log", "error_log",
    }
)  # fmt: skip
"""What the guide's site file has, and what the new project has an answer of its own to."""


STOCK = frozenset({"/var/www/html", "/usr/share/nginx/html"})
"""Where the page lies that every distribution's nginx begins with."""
REDIRECTS = (("301",), ("302",), ("303",), ("307",), ("308",))
FILES = frozenset({"root", "alias"})
ANSWERS = frozenset({"fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"})


@dataclass(frozen=True)
class Site:
    """One `server` block.

    `backends` are the URLs that it passes requests to, upstream groups replaced by their servers;
    `redirect` is where it sends everybody, if it does nothing else. `patterns` are what it answers
    to beside its names, and `serves` tells that it gives more than nginx's own first page.
    """

    names: tuple[str, ...]
    file: str
    line: int
    tls: bool
    certificate: str | None = None
    key: str | None = None
    backends: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    redirect: str | None = None
    further: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    serves: bool = False

    @property
    def label(self) -> str:
        """What it answers to, for people."""
        return ", ".join(self.names or self.patterns) or "whatever no other site answers to"


@dataclass(frozen=True)
class NginxSites:
    """Moonfire's names, as settings take them, and the other sites.

    `redirects` and `short_names` only lead to the domain; `port` is the one on which the proxy
    reaches Moonfire; `moonfire` has the blocks that do. `ports` are those that nginx listens on.
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
    warnings: tuple[Finding, ...] = ()


def nginx_sites(
    files: Mapping[str, str], ports: Collection[int] = (8080,), hosts: Collection[str] = ()
) -> NginxSites:
    """Read nginx's files, given by their absolute paths, and find Moonfire's site in them.

    `ports` are Moonfire's on this host; `hosts` are this host's own names and addresses, beside the
    loopback's.
    """
    tree = read_tree(files)
    upstreams = {
        group.args[0]: [server.args[0] for server in group.all("server") if server.args]
        for group in tree.root.all("upstream")
        if group.args
    }
    sites = [_site(server, upstreams) for server in _servers(tree.root)]
    own = LOOPBACK | set(hosts)
    moonfire = [s for s in sites if any(_port(b, own) in ports for b in s.backends)]
    # The one with a certificate is what people use; another may serve port 80.
    moonfire.sort(key=lambda site: not site.tls)
    names = tuple(dict.fromkeys(name for site in moonfire for name in site.names))
    full = [name for name in names if "." in name]
    leading = [s for s in sites if s not in moonfire and _leads_to(s, names)]
    onto = [n for s in leading for n in s.names if n not in names]
    short = [name for name in (*names, *onto) if "." not in name]
    others = _others([s for s in sites if s not in moonfire and s not in leading])
    others += tuple(_apart(tree.root))
    backends = [b for site in moonfire for b in site.backends if _port(b, own) in ports]
    certified = next((site for site in moonfire if site.certificate), None)
    return NginxSites(
        domain=full[0] if full else None,
        aliases=tuple(full[1:]),
        redirects=tuple(dict.fromkeys(name for name in onto if "." in name)),
        short_names=tuple(dict.fromkeys(short)),
        certificate=certified.certificate if certified else None,
        key=certified.key if certified else None,
        port=_port(backends[0], own) if backends else None,
        moonfire=tuple(moonfire),
        others=others,
        ports=frozenset(port for site in sites for port in site.ports),
        warnings=(*tree.warnings, *_about_moonfires(moonfire, backends)),
    )


def _servers(root: Directive) -> Iterator[Directive]:
    """The `server` blocks of http; those of upstream and stream are something else."""
    for directive in root.block:
        if directive.name == "server" and directive.block:
            yield directive
        elif directive.name == "http":
            yield from _servers(directive)


def _site(server: Directive, upstreams: Mapping[str, list[str]]) -> Site:
    passes = [*server.all("proxy_pass")]
    listens = [*server.all("listen")]
    own = {d.name: d.args for d in server.block if d.args}
    names = [name for d in server.all("server_name") for name in d.args]
    returns = [d.args[-1] for d in _for_everybody(server) if d.args[:1] in REDIRECTS]
    folders = {d.args[0] for d in server.all(*FILES) if d.args and not _is_challenge(server, d)}
    locations = [d for d in server.block if d.name == "location"]
    certificate = own.get("ssl_certificate", (None,))[0]
    return Site(
        names=tuple(dict.fromkeys(n.lower() for n in names if _is_name(n))),
        file=server.file,
        line=server.line,
        tls=certificate is not None or any("ssl" in d.args for d in listens),
        certificate=certificate,
        key=own.get("ssl_certificate_key", (None,))[0],
        backends=tuple(b for d in passes if d.args for b in _backends(d.args[0], upstreams)),
        paths=tuple(d.args[-1] for d in locations if d.args and [*d.all("proxy_pass")]),
        redirect=returns[0] if returns and not passes else None,
        further=tuple(sorted({d.name for d in _below(server)} - CARRIED)),
        patterns=tuple(dict.fromkeys(n for n in names if not _is_name(n))),
        ports=tuple(dict.fromkeys(_listened(d) for d in listens)) if listens else (80,),
        serves=bool(passes or folders - STOCK or [*server.all(*ANSWERS)]),
    )


def _for_everybody(server: Directive) -> Iterator[Directive]:
    """The `return` directives that meet any path, certbot's conditional ones among them."""
    for inner in server.block:
        if inner.name == "return":
            yield inner
        elif inner.name == "if" or (inner.name == "location" and inner.args[-1:] == ("/",)):
            yield from inner.all("return")


def _is_challenge(server: Directive, folder: Directive) -> bool:
    """Whether a folder only has the answers to an authority (RFC 8555, section 8.3)."""
    return any(
        folder in inner.all(*FILES) and "acme-challenge" in "".join(inner.args)
        for inner in server.block
        if inner.name == "location"
    )


def _listened(listen: Directive) -> int:
    """The port of a `listen` directive; 0 for a socket in the file system."""
    place = listen.args[0] if listen.args else ""
    if place.startswith("unix:"):
        return 0
    port = place.rpartition(":")[2]
    return int(port) if port.isdecimal() and len(port) < 6 else 80


def _apart(root: Directive) -> Iterator[Site]:
    """The servers that are no web sites: they stop with nginx as well."""
    for block in root.block:
        for server in block.all("server") if block.name in {"stream", "mail"} else ():
            if server.block:
                ports = tuple(_listened(d) for d in server.all("listen"))
                what = f"port {', '.join(map(str, ports))} ({block.name})"
                yield Site((), server.file, server.line, tls=False, patterns=(what,), serves=True)


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


def _below(directive: Directive) -> Iterator[Directive]:
    for inner in directive.block:
        yield inner
        yield from _below(inner)


def _is_name(name: str) -> bool:
    """Whether a server name is one host; patterns and placeholders are not."""
    return bool(re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.?", name))


def _backends(url: str, upstreams: Mapping[str, list[str]]) -> list[str]:
    scheme, _, rest = url.partition("://")
    group = rest.partition("/")[0]
    servers = upstreams.get(group, [group])
    return [f"{scheme}://{server}" for server in servers]


def _port(url: str, hosts: Collection[str]) -> int | None:
    """The port of this host that a URL names; None where it names another host, or none."""
    try:
        # A variable behind the port is the path.
        parts = urlsplit(url.partition("$")[0])
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return port if parts.hostname in hosts else None


def _host(url: str) -> str | None:
    """The host of a redirect; None where it is nginx's variable for the one that was asked for."""
    match = re.match(r"https?://([^/:?#$]*)(\$?)", url)
    if match is None:
        return ""
    return None if match[2] and not match[1] else match[1].lower()


def _about_moonfires(sites: list[Site], backends: Collection[str]) -> Iterator[Finding]:
    for site in sites:
        place = f"{site.file}: the site {site.names[0] if site.names else 'without a name'}"
        if site.paths and "/" not in site.paths:
            yield Finding(
                "nginx-subpath",
                f"{place} has Moonfire at {site.paths[0]}; in the new project it is at /",
                "Moonfire works at the root of a name alone; bookmarks change",
                site.line,
            )
        beside = [backend for backend in site.backends if backend not in backends]
        if beside:
            yield Finding(
                "nginx-other-backend",
                f"{place} also passes requests to {', '.join(beside)}, which is not carried over",
                "give it a name of its own, and [[sites]] in nvrstack.toml",
                site.line,
            )
        if site.further:
            yield Finding(
                "nginx-directives",
                f"{place} also has {', '.join(site.further)}, which is not carried over",
                "what you still need goes into nginx/custom.d/ of the project",
                site.line,
            )
        if not any("." in name for name in site.names):
            yield Finding(
                "nginx-no-domain",
                f"{place} has no name with a domain",
                "give the domain with --set site.domain=NAME",
                site.line,
            )

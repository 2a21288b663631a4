"""One `server` block of nginx: what it answers to, and what it does with a request."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nvrstack.migration.around.nginx.tree import Directive

ANSWERED = frozenset(
    {
        "client_max_body_size", "gzip", "http2", "include", "index", "listen", "location",
        "proxy_buffering", "proxy_http_version", "proxy_pass", "proxy_read_timeout",
        "proxy_redirect", "proxy_send_timeout", "proxy_set_header", "resolver", "return", "root",
        "server_name", "set", "ssl", "ssl_certificate", "ssl_certificate_key", "ssl_ciphers",
        "ssl_dhparam", "ssl_prefer_server_ciphers", "ssl_protocols", "ssl_session_cache",
        "ssl_session_tickets", "ssl_session_timeout", "ssl_stapling", "ssl_stapling_verify",
        "ssl_trusted_certificate", "tcp_nodelay", "try_files", "if", "add_header", "access_log",
        "error_log",
    }
)  # fmt: skip
"""What the guide's site file has, and what the new project has an answer of its own to."""
STOCK = frozenset({"/var/www/html", "/usr/share/nginx/html"})
"""Where the page lies that every distribution's nginx begins with."""
ACCESS = frozenset(
    {
        "allow", "auth_basic", "auth_jwt", "auth_request", "deny", "limit_conn", "limit_req",
        "satisfy", "ssl_verify_client",
    }
)  # fmt: skip
"""What keeps people out, for all sites where it stands in http."""
REDIRECTS = frozenset({"301", "302", "303", "307", "308"})
FILES = frozenset({"root", "alias"})
ANSWERS = frozenset({"fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"})


@dataclass(frozen=True)
class Site:
    """One `server` block.

    `backends` are the URLs that it passes requests to, upstream groups replaced by their servers,
    and variables by what the block sets them to, `paths` the location of each; `redirect` is where
    it sends everybody, if it does nothing else. `patterns` are what it answers to beside its names,
    and `serves` tells that it gives more than nginx's own first page. `tls_ports` are those of
    `ports` that speak TLS, and `proxy_protocol` tells that something in front of them says first
    who comes; `page` is the folder whose files are at its root. `further` is what the block has
    beside the guide's.
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
    tls_ports: tuple[int, ...] = ()
    serves: bool = False
    proxy_protocol: bool = False
    page: str | None = None

    @property
    def label(self) -> str:
        """What it answers to, for people."""
        return ", ".join(self.names or self.patterns) or "whatever no other site answers to"


@dataclass(frozen=True)
class Around:
    """What stands around `server` blocks and counts in them.

    `upstreams` are the servers of each upstream group, `variables` what a `map` makes of each
    variable that has one value alone, and `access` the directives of http that keep people out.
    """

    upstreams: Mapping[str, list[str]]
    variables: Mapping[str, str]
    access: frozenset[str] = frozenset()


def around_of(root: Directive) -> Around:
    """Read what stands around the `server` blocks."""
    groups = [group for group in root.all("upstream") if group.args]
    maps = {d.args[1]: {*_mapped(d)} for d in root.all("map") if len(d.args) == 2}
    return Around(
        {group.args[0]: [s.args[0] for s in group.all("server") if s.args] for group in groups},
        {name: values.pop() for name, values in maps.items() if len(values) == 1},
        frozenset(d.name for http in root.all("http") for d in http.block) & ACCESS,
    )


def _mapped(block: Directive) -> Iterator[str]:
    """The values of a `map`, whose keys look like directives."""
    return (d.args[0] for d in block.block if len(d.args) == 1 and d.name != "include")


def read_site(server: Directive, around: Around) -> Site:
    """What a `server` block of http says."""
    passes = [(path, d) for path, d in _passes(server, "/") if d.args]
    listens = [*server.all("listen")]
    own = {d.name: d.args for d in server.block if d.args}
    names = [name for d in server.all("server_name") for name in d.args]
    returns = [d.args[-1] for d in _for_everybody(server) if _redirects(d)]
    folders = {d.args[0] for d in server.all(*FILES) if d.args and not _is_challenge(server, d)}
    own_variables = {d.args[0]: d.args[1] for d in server.all("set") if len(d.args) == 2}
    variables = {**around.variables, **own_variables}
    targets = [
        (path, backend)
        for path, d in passes
        for backend in _backends(_filled(d.args[0], variables), around.upstreams)
    ]
    certificate = own.get("ssl_certificate", (None,))[0]
    secure = [d for d in listens if "ssl" in d.args or own.get("ssl") == ("on",)]
    return Site(
        names=tuple(dict.fromkeys(n.lower() for n in names if _is_name(n))),
        file=server.file,
        line=server.line,
        tls=certificate is not None or bool(secure),
        certificate=certificate,
        key=own.get("ssl_certificate_key", (None,))[0],
        backends=tuple(backend for _, backend in targets),
        paths=tuple(path for path, _ in targets),
        redirect=returns[0] if returns and not passes else None,
        further=tuple(sorted({*_further(server), *around.access})),
        patterns=tuple(dict.fromkeys(n for n in names if not _is_name(n))),
        ports=tuple(dict.fromkeys(listened(d) for d in listens)) if listens else (80,),
        tls_ports=tuple(dict.fromkeys(listened(d) for d in secure)),
        serves=bool(passes or folders - STOCK or [*server.all(*ANSWERS)]),
        proxy_protocol=any("proxy_protocol" in d.args for d in listens),
        page=_page(server),
    )


def _passes(block: Directive, path: str) -> Iterator[tuple[str, Directive]]:
    """Every `proxy_pass` in a block, with the path of the location around it."""
    for inner in block.block:
        if inner.name == "proxy_pass":
            yield path, inner
        elif inner.name == "location":
            yield from _passes(inner, inner.args[-1] if inner.args else path)
        else:
            yield from _passes(inner, path)


def _page(server: Directive) -> str | None:
    """The folder that the location of the root gives files of, if it is one's own."""
    folders = (
        folder.args[0]
        for location in _locations(server)
        if location.args[-1:] == ("/",)
        for folder in location.all(*FILES)
        if folder.args and not [*location.all("proxy_pass")]
    )
    return next((folder for folder in folders if folder not in STOCK), None)


def listened(listen: Directive) -> int:
    """The port of a `listen` directive; 0 for a socket in the file system."""
    place = listen.args[0] if listen.args else ""
    if place.startswith("unix:"):
        return 0
    port = place.rpartition(":")[2]
    return int(port) if port.isdecimal() and len(port) < 6 else 80


def _locations(server: Directive) -> Iterator[Directive]:
    return (d for d in server.block if d.name == "location")


def _for_everybody(server: Directive) -> Iterator[Directive]:
    """The `return` directives that meet any path, certbot's conditional ones among them."""
    for inner in server.block:
        if inner.name == "return":
            yield inner
        elif inner.name == "if" or (inner.name == "location" and inner.args[-1:] == ("/",)):
            yield from inner.all("return")


def _redirects(returned: Directive) -> bool:
    return len(returned.args) == 2 and returned.args[0] in REDIRECTS


def _is_challenge(server: Directive, folder: Directive) -> bool:
    """Whether a folder only has the answers to an authority (RFC 8555, section 8.3)."""
    return any(
        folder in inner.all(*FILES) and "acme-challenge" in "".join(inner.args)
        for inner in _locations(server)
    )


def _further(server: Directive) -> Iterator[str]:
    """What stands in the block, at any depth, that the project has no answer of its own to."""
    for directive in _below(server):
        if directive.name not in ANSWERED:
            yield directive.name
        elif directive.name == "if" and not all(map(_redirects, directive.all("return"))):
            yield f"if ({' '.join(directive.args)})"
    for location in _locations(server):
        path = " ".join(location.args)
        passes = [*location.all("proxy_pass")]
        if path != "/" and not passes and "acme-challenge" not in path:
            yield f"location {path}"


def _below(directive: Directive) -> Iterator[Directive]:
    for inner in directive.block:
        yield inner
        yield from _below(inner)


def _is_name(name: str) -> bool:
    """Whether a server name is one host's; patterns, placeholders and addresses are none."""
    named = re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.?", name)
    return named is not None and not name.rpartition(".")[2].isdecimal()


def _filled(url: str, variables: Mapping[str, str]) -> str:
    """A URL with the variables of the block's own `set` in it; others stay as they are."""
    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", lambda m: variables.get(f"${m[1] or m[2]}", m[0]), url)


def _backends(url: str, upstreams: Mapping[str, list[str]]) -> list[str]:
    scheme, _, rest = url.partition("://")
    group = rest.partition("/")[0]
    servers = [rest] if rest.startswith("unix:") else upstreams.get(group, [group])
    return [f"{scheme}://{server}" for server in servers]

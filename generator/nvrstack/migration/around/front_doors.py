"""Other web servers than nginx before Moonfire: Caddy, Apache, HAProxy, Traefik, nginx-proxy.

Names are read where that is simple: the site addresses of a Caddyfile
(https://caddyserver.com/docs/caddyfile/concepts), Apache's ServerName and ServerAlias, and what the
container itself says to its proxy. Else it is only told that the program leads there.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import join

from nvrstack.migration.install import Install

CADDYFILE = "/etc/caddy/Caddyfile"
DEEPEST = 5
"""How far files import each other; a file may import itself."""
USUAL = frozenset({80, 443})
ADDRESS = re.compile(r"(?<![\w.:\]])(\[[0-9a-fA-F:]+\]|[\w.-]*):(\d{1,5})(?![\w.:])")
VIRTUAL_HOST = re.compile(r"<VirtualHost[^>]*>(.*?)</VirtualHost>", re.DOTALL | re.IGNORECASE)
APACHE_PASSES = re.compile(
    r"^\s*(?:ProxyPass|ProxyPassMatch|RewriteRule|BalancerMember)\s.*", re.MULTILINE | re.IGNORECASE
)
APACHE_NAMES = re.compile(r"^\s*Server(?:Name|Alias)\s+(.+)", re.MULTILINE | re.IGNORECASE)
NAME = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True)
class FrontDoor:
    """A web server, where its settings are, and which of the host's `ports` it has.

    It leads to Moonfire by that one's `port`, None where it does not, under `names` as far as they
    are read; `others` are the names of its further sites. `unit` is None where none starts it.
    """

    program: str
    unit: str | None
    file: str
    ports: frozenset[int]
    port: int | None = None
    names: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


_Reached = Callable[[str], int | None]


@dataclass(frozen=True)
class _Site:
    names: tuple[str, ...]
    port: int | None


def front_doors(
    files: Mapping[str, str], install: Install, ports: Collection[int], hosts: Collection[str]
) -> tuple[FrontDoor, ...]:
    """The web servers whose `files` are given by path, and those that the container speaks to.

    `ports` are Moonfire's on this host, whose own names and addresses are `hosts`.
    """
    own = {"", *hosts}

    def reached(text: str) -> int | None:
        found = ((host.strip("[]"), int(port)) for host, port in ADDRESS.findall(text))
        return next((port for host, port in found if port in ports and host in own), None)

    def of(start: str) -> dict[str, str]:
        return {path: text for path, text in files.items() if path.startswith(start)}

    found = list(_of_the_container(install, ports))
    if CADDYFILE in files:
        blocks = list(_caddy_sites(of("/etc/caddy/")))
        sites = [_Site(_caddy_names(head), reached(body)) for head, body in blocks]
        used = frozenset(port for head, _ in blocks for port in _caddy_ports(head))
        found.append(_door("Caddy", "caddy.service", CADDYFILE, used or USUAL, sites))
    for unit, place in (("apache2.service", "/etc/apache2/"), ("httpd.service", "/etc/httpd/")):
        texts = of(place)
        if texts:
            sites = [s for text in texts.values() for s in _apache_sites(text, reached)]
            path = next((p for p, t in texts.items() if _passes(t, reached)), place)
            used = _numbers(r"^\s*Listen\s+(?:\S+:)?(\d+)", texts)
            found.append(_door("Apache", unit, path, used, sites))
    for program, place, passing, listening in (
        ("HAProxy", "/etc/haproxy/", r"^\s*server\s.*", r"^\s*bind\s+\S*?:(\d+)"),
        ("Traefik", "/etc/traefik/", r".*\burl\b.*", r"\baddress\W+[^\s\"']*?:(\d+)"),
    ):
        texts = of(place)
        if texts:
            lines = {p: "\n".join(re.findall(passing, t, re.MULTILINE)) for p, t in texts.items()}
            path = next((p for p, text in lines.items() if reached(text)), place)
            sites = [_Site((), reached(text)) for text in lines.values()]
            used = _numbers(listening, texts)
            found.append(_door(program, f"{program.lower()}.service", path, used, sites))
    return tuple(found)


def _door(
    program: str, unit: str, file: str, ports: frozenset[int], sites: list[_Site]
) -> FrontDoor:
    leading = [site for site in sites if site.port is not None]
    names = dict.fromkeys(name for site in leading for name in site.names)
    others = dict.fromkeys(n for s in sites if s.port is None for n in s.names if n not in names)
    port = leading[0].port if leading else None
    return FrontDoor(program, unit, file, ports, port, tuple(names), tuple(others))


def _numbers(pattern: str, texts: Mapping[str, str]) -> frozenset[int]:
    found = (re.findall(pattern, t, re.MULTILINE | re.IGNORECASE) for t in texts.values())
    return frozenset(int(port) for ports in found for port in ports) or USUAL


def _caddy_sites(files: Mapping[str, str]) -> Iterator[tuple[list[str], str]]:
    """The addresses of each site block, and what of it passes requests on."""
    depth, head, body, snippets = 0, "", list[str](), dict[str, list[str]]()
    for line in _caddy_lines(CADDYFILE, files, 0):
        if depth == 0 and line.endswith("{"):
            head, body, depth = f"{head} {line[:-1]}", [], 1
        elif depth == 0 and line.startswith("import "):
            continue
        elif depth == 0:
            # Addresses may take several lines; a file of one site may have no braces at all.
            if head and not head.endswith(","):
                body.append(line)
            else:
                head = f"{head} {line}"
        elif line == "}":
            depth -= 1
            if depth == 0:
                if head.lstrip().startswith("("):
                    snippets[head.strip(" ()")] = body
                yield from _caddy_site(head, body)
                head, body = "", []
        else:
            word, _, rest = line.partition(" ")
            snippet = rest.split(" ")[0] if word == "import" else ""
            body += snippets.get(snippet, [line])
            depth += line.endswith("{")
    if head:
        yield from _caddy_site(head, body)


def _caddy_site(head: str, body: list[str]) -> Iterator[tuple[list[str], str]]:
    addresses = [each for each in re.split(r"[\s,]+", head) if each]
    # Without an address it is the global options, and in brackets a snippet.
    if addresses and not addresses[0].startswith(("(", "&")):
        yield addresses, "\n".join(x for x in body if x.startswith(("reverse_proxy", "to ")))


def _caddy_lines(path: str, files: Mapping[str, str], depth: int) -> Iterator[str]:
    for line in re.sub(r"(^|\s)#.*", "", files[path], flags=re.MULTILINE).splitlines():
        words = line.split()
        pattern = join("/etc/caddy", words[1]) if words[:1] == ["import"] and words[1:] else ""
        imported = [name for name in sorted(files) if PurePosixPath(name).match(pattern or "-")]
        if imported:
            for name in imported if depth < DEEPEST else ():
                yield from _caddy_lines(name, files, depth + 1)
        elif words:
            yield " ".join(words)


def _caddy_names(addresses: list[str]) -> tuple[str, ...]:
    plain = (re.sub(r"^https?://", "", each).partition("/")[0] for each in addresses)
    names = (each.rpartition(":")[0] or each for each in plain)
    return tuple(dict.fromkeys(n.lower() for n in names if _is_name(n)))


def _caddy_ports(addresses: list[str]) -> Iterator[int]:
    for each in addresses:
        port = re.search(r":(\d{1,5})(?:/|$)", each)
        if port is not None:
            yield int(port[1])
        else:
            yield from {80} if each.startswith("http://") else USUAL


def _apache_sites(text: str, reached: _Reached) -> Iterator[_Site]:
    blocks = VIRTUAL_HOST.findall(text)
    for block in (*blocks, VIRTUAL_HOST.sub("", text)):
        words = [word for line in APACHE_NAMES.findall(block) for word in line.split()]
        plain = (re.sub(r"^https?://|:\d+$", "", word) for word in words)
        yield _Site(tuple(n.lower() for n in plain if _is_name(n)), _passes(block, reached))


def _passes(text: str, reached: _Reached) -> int | None:
    return reached("\n".join(APACHE_PASSES.findall(text)))


def _of_the_container(install: Install, ports: Collection[int]) -> Iterator[FrontDoor]:
    """The proxies in containers that Moonfire's own container speaks to."""
    port = next(iter(ports), 8080)
    labels = "\n".join(install.other_options.get("label", ()))
    rules = re.findall(r"traefik\.http\.routers\.[\w-]+\.rule\W(.*)", labels)
    names = [n for rule in rules for host in re.findall(r"Host\(([^)]*)\)", rule)
             for n in NAME.findall(host)]  # fmt: skip
    if rules:
        place = f"the labels of {install.container_name}"
        yield FrontDoor("Traefik", None, place, frozenset(), port, tuple(dict.fromkeys(names)))
    virtual = install.environment.get("VIRTUAL_HOST", "").split(",")
    if any(map(_is_name, virtual)):
        place = f"VIRTUAL_HOST of {install.container_name}"
        found = tuple(filter(_is_name, virtual))
        yield FrontDoor("nginx-proxy", None, place, frozenset(), port, found)


def _is_name(text: str) -> bool:
    """Whether this is one host's name, and neither a pattern nor an address."""
    return NAME.fullmatch(text) is not None and not text.rpartition(".")[2].isdecimal()

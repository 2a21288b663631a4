"""What nginx passes on as it comes, without reading it: the servers of its `stream` block.

https://nginx.org/en/docs/stream/ngx_stream_ssl_preread_module.html: one port 443 is shared by name
among a web site on another port and what is no web site.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from nvrstack.migration.around.nginx.server import Site, listened
from nvrstack.migration.around.nginx.tree import Directive


@dataclass(frozen=True)
class Stream:
    """One `server` of stream or mail: where it listens, and the `HOST:PORT` that it may lead to."""

    kind: str
    file: str
    line: int
    ports: tuple[int, ...]
    targets: tuple[str, ...] = ()

    def as_site(self) -> Site:
        """It among the sites of nginx, since it stops with them."""
        what = f"port {', '.join(map(str, self.ports))} ({self.kind})"
        return Site(
            (), self.file, self.line, tls=False, patterns=(what,), ports=self.ports, serves=True
        )


def streams(root: Directive, names: Collection[str] = ()) -> Iterator[Stream]:
    """The servers that are no web sites. Of a `map`, those of `names` count before all others."""
    for block in root.block:
        if block.name not in {"stream", "mail"}:
            continue
        groups = {group.args[0]: group for group in block.all("upstream") if group.args}
        maps = {d.args[1]: _chosen(d, names) for d in block.all("map") if len(d.args) == 2}
        for server in block.all("server"):
            if server.block:
                passes = [d.args[0] for d in server.all("proxy_pass") if d.args]
                yield Stream(
                    block.name,
                    server.file,
                    server.line,
                    tuple(dict.fromkeys(listened(d) for d in server.all("listen"))),
                    tuple(t for each in passes for t in _targets(each, maps, groups)),
                )


def _chosen(block: Directive, names: Collection[str]) -> list[str]:
    """What a `map` makes of the names, or of any where it has none of them."""
    values = [(d.name, d.args[0]) for d in block.block if len(d.args) == 1]
    own = [value for name, value in values if name in names]
    return own or [value for name, value in values if name != "include"]


def _targets(
    passed: str, maps: Mapping[str, list[str]], groups: Mapping[str, Directive]
) -> Iterator[str]:
    for name in maps.get(passed, [passed]):
        group = groups.get(name)
        if group is None:
            yield name
        else:
            yield from (server.args[0] for server in group.all("server") if server.args)

"""nginx's configuration as a tree of directives, includes replaced, from the texts of its files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import join, normpath
from typing import Any

import crossplane

from nvrstack.migration.around.nginx import rules
from nvrstack.migration.findings import Finding

MAIN = "/etc/nginx/nginx.conf"
PREFIX = "/etc/nginx"
"""What a relative include counts from, in every distribution's build."""
SITES = ("/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*")
"""Debian's and nginx.org's main files include these; they count where there is no main file."""
FAMILIAR = ("/etc/letsencrypt/", "/usr/share/nginx/", "/usr/lib/nginx/", "/usr/lib64/nginx/")
"""Where certbot and distributions keep parts of settings and modules, and no sites."""
DEEPEST = 20
MOST_DIRECTIVES = 50_000
LONGEST = 1_000_000


@dataclass(frozen=True)
class Directive:
    """One directive with its arguments, its block, and where it stands."""

    name: str
    args: tuple[str, ...]
    block: tuple["Directive", ...]
    file: str
    line: int

    def all(self, *names: str) -> Iterator["Directive"]:
        """Every directive of these names in the block, at any depth."""
        for inner in self.block:
            if inner.name in names:
                yield inner
            yield from inner.all(*names)


@dataclass(frozen=True)
class Tree:
    """The configuration under one nameless root, and what could not be read."""

    root: Directive
    warnings: tuple[Finding, ...] = ()


def read_tree(files: Mapping[str, str]) -> Tree:
    """The tree of the configuration whose files are given by their absolute paths."""
    reader = _Reader(files)
    first = [MAIN] if MAIN in files else [path for site in SITES for path in reader.matching(site)]
    directives = [d for path in first for d in reader.read(path, 0)]
    root = Directive("", (), tuple(directives), MAIN, 0)
    return Tree(root, tuple(reader.warnings))


class _Reader:
    """Reads files as they are included, each text parsed once."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.warnings: list[Finding] = []
        self.parsed: dict[str, list[dict[str, Any]]] = {}
        self.left = MOST_DIRECTIVES

    def matching(self, pattern: str) -> list[str]:
        """The files that an include means (glob(7)), in nginx's order."""
        path = normpath(join(PREFIX, pattern))
        return sorted(name for name in self.files if PurePosixPath(name).match(path))

    def read(self, path: str, depth: int) -> Iterator[Directive]:
        if path not in self.parsed:
            self.parsed[path] = self._parse(path)
        yield from self._directives(self.parsed[path], path, depth)

    def _parse(self, path: str) -> list[dict[str, Any]]:
        text = self.files[path]
        if len(text) > LONGEST:
            self._warn(path, f"it is longer than {LONGEST} characters", None)
            return []
        result = crossplane.parse_string(
            text, filename=path, single=True, check_ctx=False, check_args=False
        )
        (config,) = result["config"]
        for error in config["errors"]:
            reason = str(error["error"]).rpartition(" in ")[0] or str(error["error"])
            self._warn(path, reason, error["line"])
        parsed: list[dict[str, Any]] = config["parsed"]
        return parsed

    def _warn(self, path: str, reason: str, line: int | None) -> None:
        self.warnings.append(rules.NGINX_UNREADABLE(line, path=path, reason=reason))

    def _tell_elsewhere(self, pattern: str, path: str, line: int) -> None:
        """Name an include of files that were not read."""
        place = normpath(join(PREFIX, pattern))
        if not place.startswith((f"{PREFIX}/", *FAMILIAR)):
            self.warnings.append(
                rules.NGINX_INCLUDE_ELSEWHERE(line, path=path, place=place, prefix=PREFIX)
            )

    def _directives(
        self, statements: list[dict[str, Any]], path: str, depth: int
    ) -> Iterator[Directive]:
        for statement in statements:
            if depth > DEEPEST or self.left <= 0:
                return
            self.left -= 1
            name, args = statement["directive"], tuple(map(str, statement["args"]))
            if name == "include" and args:
                self._tell_elsewhere(args[0], path, statement["line"])
                for included in self.matching(args[0]):
                    yield from self.read(included, depth + 1)
                continue
            block = self._directives(statement.get("block", []), path, depth + 1)
            yield Directive(name, args, tuple(block), path, statement["line"])

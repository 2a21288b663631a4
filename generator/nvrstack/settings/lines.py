"""Where in a TOML file a key stands, so that an error can name the line."""

from collections.abc import Iterator, Mapping
from typing import Any

import tomlkit
from tomlkit.container import Container
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

Path = tuple[str | int, ...]


def key_lines(toml: str) -> Mapping[Path, int]:
    """The line, counted from 1, of each key and table header of the TOML text `toml`.

    A dotted key counts for each of its parts. Text that is not TOML has no lines.
    """
    try:
        document = tomlkit.parse(toml)
    except TOMLKitError:
        return {}
    lines: dict[Path, int] = {}
    for path, line in _walk(document, (), [1]):
        lines.setdefault(path, line)
    return lines


def _walk(container: Container, prefix: Path, line: list[int]) -> Iterator[tuple[Path, int]]:
    # The body holds every item in the file's own order, comments and blank lines included, so
    # counting the line breaks of what each prints gives its place.
    for key, item in container.body:
        if key is None:
            line[0] += item.as_string().count("\n")
            continue
        path = (*prefix, key.key)
        if isinstance(item, AoT):
            for index, table in enumerate(item.body):
                yield (path if index == 0 else (*path, index)), line[0]
                yield from _table(table, (*path, index), line)
        elif isinstance(item, Table):
            yield from _table(item, path, line)
        else:
            yield path, line[0]
            line[0] += _breaks(item.trivia.indent, item.as_string(), item.trivia.trail)


def _table(table: Table, path: Path, line: list[int]) -> Iterator[tuple[Path, int]]:
    has_header = not table.is_super_table() and table.display_name is not None
    if has_header:
        line[0] += _breaks(table.trivia.indent)
        yield path, line[0]
        line[0] += _breaks(table.trivia.trail)
    else:
        yield path, line[0]
    yield from _walk(table.value, path, line)


def _breaks(*texts: Any) -> int:
    return sum(str(text).count("\n") for text in texts)

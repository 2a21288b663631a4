"""Edits of `nvrstack.toml` that keep its comments, order and blank lines."""

import re
from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from nvrstack.settings.lines import Path
from nvrstack.settings.load import dotted, lines_in, parse, validate
from nvrstack.settings.problems import Problem, SettingsError
from nvrstack.stacks import Stack


def set_value(toml: str, key: str, value: Any) -> str:
    """The text with the setting `key` (dotted) at `value`; an empty section is made if need be.

    A line that holds the same key commented out, as `init` writes it, gives way to the new one.
    """
    section, _, name = key.rpartition(".")
    document = tomlkit.parse(_without_example(toml, section, name))
    table: Any = document
    if section:
        table = document.setdefault(section, tomlkit.table())
    table[name] = list(value) if isinstance(value, tuple) else value
    return tomlkit.dumps(document)


def changed(
    toml: str,
    values: Mapping[str, Any],
    origins: Mapping[str, str],
    source: str,
    stacks: Mapping[str, Stack],
) -> str:
    """The text with several settings changed; what it says then is valid.

    Raises SettingsError with every problem of the result. Where it is, `origins` tells by the key,
    and for all others their lines in `toml`, whose reader knows no other text.
    """
    data, lines = parse(toml, source), lines_in(toml)

    def where(path: Path) -> str:
        return origins.get(dotted(path).partition("[")[0]) or lines(path)

    sections = {key.rpartition(".")[0] for key in values} - {""}
    problems = [
        Problem(name, f"is {data[name]!r}; expected a section, such as [{name}]", lines((name,)))
        for name in sorted(sections)
        if not isinstance(data.get(name, {}), dict)
    ]
    if problems:
        raise SettingsError(problems, source)
    for key, value in values.items():
        toml = set_value(toml, key, value)
    validate(parse(toml, source), source, stacks, where)
    return toml


def _without_example(toml: str, section: str, name: str) -> str:
    """The text with the commented example of one key turned into that key, if there is one."""
    document = tomlkit.parse(toml)
    table = document.get(section) if section else document
    if not isinstance(table, Table) or name in table:
        return toml
    example = re.compile(rf"^# ({re.escape(name)} = .*)$", re.MULTILINE)
    header = re.search(rf"^\[{re.escape(section)}\]\r?$", toml, re.MULTILINE)
    if header is None:
        return toml
    following = re.search(r"^\[", toml[header.end() :], re.MULTILINE)
    end = header.end() + following.start() if following else len(toml)
    body = example.sub(r"\1", toml[header.end() : end], count=1)
    found = toml[: header.end()] + body + toml[end:]
    try:
        tomlkit.parse(found)
    except TOMLKitError:
        # A remark of somebody's own, such as "# email = ask Anna".
        return toml
    return found

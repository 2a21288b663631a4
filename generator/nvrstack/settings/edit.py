"""Edits of `nvrstack.toml` that keep its comments, order and blank lines."""

import re
from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table


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


def set_values(toml: str, values: Mapping[str, Any]) -> str:
    """The text with several settings changed."""
    for key, value in values.items():
        toml = set_value(toml, key, value)
    return toml


def get_value(toml: str, key: str) -> Any:
    """The value of a dotted key as plain Python, or None where the text does not set it."""
    found: Any = tomlkit.parse(toml).unwrap()
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found


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

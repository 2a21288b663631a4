"""The text of compose.override.yaml, which Compose reads over the rendered compose.yaml.

https://docs.docker.com/reference/compose-file/merge/ and .../interpolation/
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

HEADER = """\
# What the former installation of Moonfire had and nvrstack.toml cannot say. This file is yours:
# nvrstack never touches it again. `docker compose config` shows what comes of it.
"""
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
NO_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that one version of YAML or another takes for something else."""


class _Dumper(yaml.SafeDumper):
    """Every text in quotes that is not a plain word."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    plain = WORD.fullmatch(value) and value.lower() not in NO_TEXT
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else '"')


_Dumper.add_representer(str, _text)


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Both, mapping by mapping; lists joined, each entry once; else the second counts."""
    found = dict(first)
    for key, value in second.items():
        old = found.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            found[key] = merged(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            found[key] = [*old, *(entry for entry in value if entry not in old)]
        else:
            found[key] = value
    return found


def text_of(content: Mapping[str, Any]) -> str:
    """The file's text; each dollar sign twice, because Compose looks for variables."""
    body = yaml.dump(
        _literal(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000
    )
    return HEADER + "\n" + body


def _literal(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: _literal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_literal(inner) for inner in value]
    return value

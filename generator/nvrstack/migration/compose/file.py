"""A compose file as plain data, with its variables replaced.

All scalars but null are read as text, because YAML 1.1 would make 22:22 a number and `no` a
boolean where Compose does not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from nvrstack.migration.compose import rules
from nvrstack.migration.compose.interpolation import interpolate
from nvrstack.migration.findings import Finding

LONGEST = 1_000_000
"""Characters; the file of a whole household has some thousands."""
MOST_VALUES = 20_000
"""An alias may repeat a part of the file, and that part may hold aliases."""


@dataclass(frozen=True)
class Loaded:
    """The file's top mapping, empty where it could not be read, and what is said about it."""

    data: Mapping[str, Any]
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()


class _Loader(yaml.SafeLoader):
    """Mappings, lists and text, with merge keys and values that are left out."""


_NULL = ("tag:yaml.org,2002:null", re.compile("^(?:~|null|Null|NULL|)$"))
_Loader.yaml_implicit_resolvers = {
    "<": [("tag:yaml.org,2002:merge", re.compile("^<<$"))],
    **{first: [_NULL] for first in ("", "~", "n", "N")},
}
# Compose's own tags, !reset and !override, are about other files.
_Loader.add_multi_constructor("!", lambda loader, _, node: _plain(loader, node))


def _plain(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]


def load(text: str, variables: Mapping[str, str]) -> Loaded:
    """Read the text of a compose file; `variables` are those of its `.env` file."""
    if len(text) > LONGEST:
        return _refused(f"it is longer than {LONGEST} characters")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        weight = _weight(node, {})
        data = loader.construct_document(node) if node and weight <= MOST_VALUES else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return _refused(*_reason(error))
    if weight > MOST_VALUES:
        return _refused("it has too many values, or its aliases repeat too much")
    if not isinstance(data, dict):
        return _refused("it is no mapping")
    data, unknown = _interpolated(data, variables)
    return Loaded(data, tuple(_unknown(name, text) for name in sorted(unknown)))


def _reason(error: Exception) -> tuple[str, int | None]:
    if isinstance(error, RecursionError):
        return "it is nested too deeply", None
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark
        return error.problem or "it is no YAML", mark.line + 1 if mark else None
    return str(getattr(error, "reason", error)), None


def _refused(problem: str, line: int | None = None) -> Loaded:
    finding = rules.COMPOSE_UNREADABLE(line, problem=problem)  # fmt: skip
    return Loaded({}, blockers=(finding,))


def _weight(node: yaml.Node | None, known: dict[int, int]) -> int:
    """How many values a node stands for, aliases counted each time; merge keys copy as many."""
    if node is None or id(node) in known:
        return known.get(id(node), 0)
    # A part that holds itself has no end.
    known[id(node)] = MOST_VALUES + 1
    parts: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    known[id(node)] = 1 + sum(_weight(part, known) for part in parts)
    return known[id(node)]


def _interpolated(value: Any, variables: Mapping[str, str]) -> tuple[Any, frozenset[str]]:
    if isinstance(value, dict):
        pairs = {key: _interpolated(inner, variables) for key, inner in value.items()}
        missing = frozenset().union(*(names for _, names in pairs.values()))
        return {key: inner for key, (inner, _) in pairs.items()}, missing
    if isinstance(value, list):
        entries = [_interpolated(inner, variables) for inner in value]
        return [inner for inner, _ in entries], frozenset().union(*(n for _, n in entries))
    return interpolate(value, variables) if isinstance(value, str) else (value, frozenset())


def _unknown(name: str, text: str) -> Finding:
    at = re.search(rf"\$\{{?{name}\b", text)
    return rules.COMPOSE_VARIABLE(text.count("\n", 0, at.start()) + 1 if at else None, name=name)

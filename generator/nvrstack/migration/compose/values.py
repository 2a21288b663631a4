"""Values of a compose file that have several forms: lists, mappings, limits."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from nvrstack.migration.compose import rules
from nvrstack.migration.findings import Finding

DEPLOYED = (
    ("limits", "memory", "memory"),
    ("limits", "cpus", "cpus"),
    ("limits", "pids", "pids-limit"),
    ("reservations", "memory", "memory-reservation"),
)


def as_list(value: Any) -> list[Any]:
    """A list, whether it was written as one or as a single value."""
    if isinstance(value, list):
        return value
    return [] if value in (None, "", {}) else [value]


def as_mapping(value: Any) -> dict[str, str]:
    """A mapping of text, whether it was written as one or as a list of NAME=value."""
    if isinstance(value, dict):
        return {str(key): " ".join(texts(inner)) for key, inner in value.items()}
    pairs = (str(entry).partition("=") for entry in as_list(value))
    return {name: inner for name, _, inner in pairs}


def environment_of(
    value: Any, variables: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The variables of a service, and the names of those that only the caller's shell may have.

    A name without a value takes that of `variables`, Compose's own:
    https://docs.docker.com/reference/compose-file/services/#environment
    """
    stated = value.items() if isinstance(value, dict) else map(_pair, as_list(value))
    found, missing = {}, []
    for name, inner in stated:
        known = variables.get(str(name)) if inner is None else " ".join(texts(inner))
        if known is not None:
            found[str(name)] = known
        else:
            missing.append(str(name))
    return found, tuple(missing)


def _pair(entry: Any) -> tuple[str, str | None]:
    name, equals, value = str(entry).partition("=")
    return name, value if equals else None


def texts(value: Any) -> tuple[str, ...]:
    """Any value as the words of an option."""
    if isinstance(value, dict):
        return tuple(f"{key}={_text(inner)}" for key, inner in value.items())
    return tuple(map(_text, as_list(value)))


def deployed(deploy: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """The limits of `deploy` that docker has options for, by those, and what else it says.

    https://docs.docker.com/reference/compose-file/deploy/#resources
    """
    rest = deepcopy(deploy) if isinstance(deploy, dict) else {}
    found = {}
    for kind, key, option in DEPLOYED:
        resources = rest.get("resources")
        asked = resources.get(kind) if isinstance(resources, dict) else None
        if isinstance(asked, dict) and key in asked:
            found[option] = _text(asked.pop(key))
    return found, _without_empty(rest)


def _without_empty(value: dict[str, Any]) -> dict[str, Any]:
    inner = {k: _without_empty(v) if isinstance(v, dict) else v for k, v in value.items()}
    return {key: entry for key, entry in inner.items() if entry not in ({}, None)}


def not_understood(key: str, entry: Any) -> Finding:
    """The warning that an entry of `key` has none of the forms that it may have."""
    return rules.COMPOSE_VALUE(key=key, entry=" ".join(texts(entry)))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)

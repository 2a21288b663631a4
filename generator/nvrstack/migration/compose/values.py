"""Values of a compose file that have several forms: lists, mappings, volumes and ports."""

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from posixpath import join, normpath
from typing import Any

from nvrstack.migration.compose import rules
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Mount, Port

_PORT = re.compile(
    r"(?:(?:(?P<ip>\[[0-9a-fA-F:.]+\]|[0-9a-fA-F:.]+):)?(?P<outside>\d+(?:-\d+)?)?:)?"
    r"(?P<inside>\d+(?:-\d+)?)(?:/(?P<protocol>tcp|udp))?"
)

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


def volume_of(entry: Any, directory: str) -> Mount | None:
    """One entry of `volumes`, in its short or long form; None where it is not understood.

    A relative path counts from the compose file's directory; what `~` is depends on who runs
    Compose.
    """
    if isinstance(entry, dict):
        source, target = str(entry.get("source") or "") or None, str(entry.get("target", ""))
        read_only = str(entry.get("read_only", "")).lower() == "true"
        return _mount(str(entry.get("type", "")), source, target, directory, read_only=read_only)
    words = str(entry).split(":")
    if len(words) == 1:
        return _mount("volume", None, words[0], directory)
    kind = "bind" if words[0].startswith(("/", ".")) else "volume"
    if len(words) > 3 or words[0].startswith("~"):
        return None
    read_only = len(words) == 3 and "ro" in words[2].split(",")
    return _mount(kind, words[0], words[1], directory, read_only=read_only)


def _mount(
    kind: str, source: str | None, target: str, directory: str, *, read_only: bool = False
) -> Mount | None:
    if not target.startswith("/"):
        return None
    if kind == "bind" and source:
        return Mount("bind", normpath(join(directory, source)), target, read_only)
    if kind == "volume" and source != "":
        return Mount("volume", source, target, read_only)
    return Mount("tmpfs", None, target, read_only) if kind == "tmpfs" else None


def port_of(entry: Any) -> list[Port] | None:
    """One entry of `ports`; a range gives several, and None tells that it is not understood.

    A port that Compose chooses itself is 0.
    """
    if isinstance(entry, dict):
        if "target" not in entry:
            return None
        given = [str(entry.get(key) or "") for key in ("host_ip", "published", "target")]
        text = ":".join(part for part in given if part)
        protocol = str(entry.get("protocol") or "tcp")
        return port_of(f"{text}/{protocol}")
    match = _PORT.fullmatch(str(entry))
    if match is None:
        return None
    inside, outside = _range(match["inside"]), _range(match["outside"] or "0")
    if len(inside) == 1:
        # Of a range for a single port, a free one is chosen.
        outside = outside[:1]
    elif match["outside"] is None:
        outside = [0] * len(inside)
    if not inside or len(inside) != len(outside):
        return None
    address = (match["ip"] or "").strip("[]") or None
    protocol = match["protocol"] or "tcp"
    return [
        Port(address, host, container, "udp" if protocol == "udp" else "tcp")
        for host, container in zip(outside, inside, strict=True)
    ]


def _range(text: str) -> list[int]:
    """The ports from first to last; none where that is no range of ports."""
    first, _, last = text.partition("-")
    ends = (int(first), int(last or first))
    return [*range(ends[0], ends[1] + 1)] if max(ends) <= 65535 else []


def not_understood(key: str, entry: Any) -> Finding:
    """The warning that an entry of `key` has none of the forms that it may have."""
    return rules.COMPOSE_VALUE(key=key, entry=" ".join(texts(entry)))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)

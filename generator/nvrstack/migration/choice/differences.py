"""Where two readings of the same install differ: what its script says, and what ran."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from nvrstack.migration.choice import rules
from nvrstack.migration.docker.option_table import BY_NAME, OPTIONS, Carried
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Install, User

NOT_COMPARED = frozenset({"source"})
OF_THE_CALL = frozenset(option.name for option in OPTIONS if option.of_call)
TITLES = {
    "container_name": "the container's name",
    "security_opt": "security options",
    "log_driver": "the log driver",
    "log_options": "log options",
    "restart": "the restart policy",
    "server_args": "Moonfire's arguments",
    "timezone": "the time zone",
}
NAMES = {
    "nvr-script": "the script",
    "container": "the container",
    "compose": "the compose file",
    "systemd": "the unit",
}


@dataclass(frozen=True)
class Difference:
    """One thing that the two do not agree on, in words; None where one of them has nothing."""

    field: str
    what: str
    first: str | None
    second: str | None


def differences(first: Install, second: Install) -> tuple[Difference, ...]:
    """Every difference, field by field, and within a field entry by entry."""
    found: list[Difference] = []
    for name in (field.name for field in fields(Install)):
        one, other = getattr(first, name), getattr(second, name)
        if name in NOT_COMPARED or one == other:
            continue
        title = TITLES.get(name, name.replace("_", " "))
        if name == "version" and None in (one, other):
            # One of them could not tell; that is no contradiction.
            continue
        entries = _entries(name, one), _entries(name, other)
        found += [
            Difference(name, f"{title} {key}".rstrip(), entries[0].get(key), entries[1].get(key))
            for key in dict.fromkeys([*entries[0], *entries[1]])
            if entries[0].get(key) != entries[1].get(key)
        ]
    return tuple(found)


def difference_findings(first: Install, second: Install) -> tuple[Finding, ...]:
    """The differences as warnings, each with both sides."""
    one, other = NAMES[first.source], NAMES[second.source]
    ran = "container" in (first.source, second.source)
    rule = rules.DIFFERS_FROM_CONTAINER if ran else rules.DIFFERS
    return tuple(
        rule(
            what=difference.what,
            one=one,
            first=difference.first or "nothing",
            other=other,
            second=difference.second or "nothing",
        )
        for difference in differences(first, second)
    )


def _entries(name: str, value: Any) -> Mapping[str, str]:
    """A field as named entries; one without a name where the field has a single value."""
    if name == "mounts":
        return {m.target: f"{m.source or m.type}{' read-only' * m.read_only}" for m in value}
    if name == "ports":
        published: dict[str, str] = {}
        for port in value:
            inside = f"{port.container_port}/{port.protocol}"
            outside = f"{port.host_ip or '*'}:{port.host_port}"
            published[inside] = f"{published.get(inside, '')} {outside}".lstrip()
        return published
    if name == "other_options":
        return {key: _said(key, v) for key, v in value.items() if key not in OF_THE_CALL}
    if isinstance(value, Mapping):
        return value
    if isinstance(value, User):
        value = f"{value.uid}:{value.gid}"
    elif isinstance(value, tuple):
        value = " ".join(value)
    return {"": str(value)} if value else {}


def _said(option: str, values: tuple[str, ...]) -> str:
    """The values as Compose would have them, since 1g and 1073741824 bytes are the same."""
    if option == "device":
        return " ".join(map(_device, values))
    fate = BY_NAME[option].fate if option in BY_NAME else None
    if isinstance(fate, Carried):
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            meant = fate.read(values)
            return " ".join(meant) if isinstance(meant, list) else str(meant)
    return " ".join(values)


def _device(text: str) -> str:
    """A device with all that docker fills in: the same place inside, and every right."""
    outside, _, rest = text.partition(":")
    inside, _, rights = rest.partition(":")
    return f"{outside}:{inside or outside}:{rights or 'rwm'}"

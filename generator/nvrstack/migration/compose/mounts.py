"""`volumes` and `tmpfs` of a compose file's service, with the modes that a Mount has no place for.

https://docs.docker.com/reference/compose-file/services/#volumes
"""

import contextlib
from collections.abc import Mapping
from typing import Any

from nvrstack.migration.compose.values import as_list, not_understood, volume_of
from nvrstack.migration.docker.option_values import size
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Mount

USUAL = frozenset({"", "ro", "rw", "rprivate"})
"""Modes that a Mount says itself, or that nobody has to ask for."""
BARE = frozenset({"propagation", "selinux"})
"""Keys of `bind` whose value alone is what `-v` calls the mode."""
PLAIN = frozenset({"type", "source", "target", "read_only"})
"""Keys that a Mount has fields for."""


def mounts_of(
    service: Mapping[str, Any], directory: str, warnings: list[Finding]
) -> tuple[tuple[Mount, ...], tuple[str, ...]]:
    """The mounts, and their modes as TARGET:MODE; what is not understood is a warning.

    A relative path counts from the compose file's directory.
    """
    found: list[Mount] = []
    modes: list[str] = []
    for entry in as_list(service.get("volumes")):
        mount = volume_of(entry, directory)
        if mount is None:
            warnings.append(not_understood("volumes", entry))
            continue
        found.append(mount)
        modes += [f"{mount.target}:{mode}" for mode in _modes(entry)]
    for entry in as_list(service.get("tmpfs")):
        target, _, options = str(entry).partition(":")
        words = options.split(",")
        found.append(Mount("tmpfs", None, target, "ro" in words))
        modes += [f"{target}:{word}" for word in words if word not in USUAL]
    return tuple(found), tuple(modes)


def _modes(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        words = str(entry).split(":")
        return [mode for mode in words[2].split(",") if mode not in USUAL] if words[2:] else []
    found = []
    for kind, said in entry.items():
        if isinstance(said, dict):
            found += [_mode(kind, key, value) for key, value in said.items()]
        elif kind not in PLAIN and said not in (None, ""):
            found.append(f"{kind}={said}")
    return [mode for mode in found if mode not in USUAL]


def _mode(kind: str, key: str, value: Any) -> str:
    """One key of the long form as `-v`, `--mount` or mount(8) has it; empty where it is usual."""
    text = str(value or "")
    if kind == "bind" and key == "create_host_path":
        # The short form asks for it too; the project lets no disk become an empty directory.
        return ""
    if kind == "bind" and key in BARE:
        return text
    if kind == "volume" and key == "nocopy":
        return "volume-nocopy" if text.lower() == "true" else ""
    if kind == "tmpfs":
        with contextlib.suppress(ValueError):
            text = str(size(text)) if key == "size" else _octal(text) if key == "mode" else text
    return f"{kind}-{key}={text}"


def _octal(text: str) -> str:
    """YAML has a number with a 0 before it in octal, and every other one in decimal."""
    return text.lstrip("0oO") or "0" if text.startswith("0") else f"{int(text):o}"

"""`volumes` and `tmpfs` of a compose file's service, with the modes that a Mount has no place for.

https://docs.docker.com/reference/compose-file/services/#volumes
"""

import contextlib
import posixpath
from collections.abc import Mapping
from typing import Any

from nvrstack.migration.compose.values import as_list, not_understood
from nvrstack.migration.docker.mounts import KINDS, USUAL, mount_at, volume_of
from nvrstack.migration.docker.option_values import size
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Mount

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
        understood = volume_in(entry, directory)
        if understood is None:
            warnings.append(not_understood("volumes", entry))
            continue
        mount, further = understood
        found.append(mount)
        modes += [f"{mount.target}:{mode}" for mode in further]
    for entry in as_list(service.get("tmpfs")):
        target, _, options = str(entry).partition(":")
        words = options.split(",")
        found.append(Mount("tmpfs", None, target, "ro" in words))
        modes += [f"{target}:{word}" for word in words if word not in USUAL]
    return tuple(found), tuple(modes)


def volume_in(entry: Any, directory: str) -> tuple[Mount, tuple[str, ...]] | None:
    """An entry of `volumes`, in its short or long form; None where it is not understood."""
    if not isinstance(entry, dict):
        return volume_of(str(entry), directory)
    kind, source = str(entry.get("type", "")), str(entry.get("source") or "")
    target, read_only = str(entry.get("target", "")), str(entry.get("read_only", ""))
    if kind not in KINDS or not target.startswith("/") or (kind == "bind" and not source):
        return None
    place = {"bind": posixpath.join(directory, source), "volume": source}.get(kind)
    mount = mount_at(kind, place or None, target, read_only=read_only.lower() == "true")
    modes = []
    for key, said in entry.items():
        if isinstance(said, dict):
            modes += [_mode(key, inner, value) for inner, value in said.items()]
        elif key not in PLAIN and said not in (None, ""):
            modes.append(f"{key}={said}")
    return mount, tuple(mode for mode in modes if mode not in USUAL)


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

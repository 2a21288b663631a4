"""`--mount`, `--volume`, `--tmpfs` and `--publish` as docker reads them.

https://docs.docker.com/engine/storage/bind-mounts/#options-for---mount and
https://docs.docker.com/engine/network/port-publishing/
"""

import csv
import posixpath
import re
from typing import Literal

from nvrstack.migration.compose.values import port_of
from nvrstack.migration.docker.options import NO, YES
from nvrstack.migration.install import Mount, Port

KINDS = ("bind", "volume", "tmpfs")
MOUNT_KEYS = {"source": "source", "src": "source", "target": "target", "dst": "target",
              "destination": "target", "type": "type"}  # fmt: skip

NETWORK_KEYS = {"name": "name", "alias": "network-alias", "ip": "ip", "ip6": "ip6",
                "link-local-ip": "link-local-ip", "mac-address": "mac-address",
                "driver-opt": "driver-opt"}  # fmt: skip


def mount_of(text: str) -> tuple[Mount, tuple[str, ...]] | None:
    """The mount of a `--mount`, and its keys that a Mount has no place for.

    None if docker would refuse it.
    """
    fields = _csv(text)
    if fields is None:
        return None
    found: dict[str, str] = {}
    further = []
    read_only = False
    for entry in fields:
        key, equals, value = entry.partition("=")
        key = key.lower()
        if key in {"readonly", "ro"}:
            if equals and value not in YES | NO:
                return None
            read_only = not equals or value in YES
        elif key in MOUNT_KEYS and equals:
            found[MOUNT_KEYS[key]] = value
        elif equals and re.fullmatch(r"(?:bind|volume|tmpfs|image|consistency)[a-z-]*", key):
            further.append(entry.removeprefix("bind-propagation="))
        else:
            return None
    kind, target = found.get("type", "volume").lower(), found.get("target", "")
    source = found.get("source") or None
    if not target.startswith("/") or (kind == "bind" and not (source or "").startswith("/")):
        return None
    if kind not in KINDS:
        return None
    place = None if kind == "tmpfs" else _clean(source, kind)
    return _mount(kind, place, target, read_only=read_only), tuple(further)


def is_relative(text: str) -> bool:
    """Whether the source of a `-v` counts from the directory of whoever calls docker."""
    source = text.partition(":")[0]
    return source in {".", ".."} or source.startswith(("./", "../"))


def volume_of(text: str) -> tuple[Mount, tuple[str, ...]] | None:
    """The mount of a `-v`, and its modes beside read-only; None if docker would refuse it."""
    parts = text.split(":")
    if len(parts) == 1:
        target, source, modes = parts[0], None, ""
    elif len(parts) == 2:
        (source, target), modes = parts, ""
    elif len(parts) == 3:
        source, target, modes = parts
    else:
        return None
    if not target.startswith("/") or target == "/" or source == "":
        return None
    flags = [flag for flag in modes.split(",") if flag]
    kind = "bind" if source is not None and source.startswith("/") else "volume"
    if kind == "volume" and source is not None and not re.fullmatch(r"[\w][\w.-]+", source):
        return None
    read_only = "ro" in flags
    rest = tuple(flag for flag in flags if flag not in {"ro", "rw"})
    place = _clean(source, kind)
    return _mount(kind, place, target, read_only=read_only), rest


def tmpfs_of(text: str) -> tuple[Mount, str]:
    """The mount of a `--tmpfs`, and its options."""
    target, _, options = text.partition(":")
    return Mount("tmpfs", None, target, "ro" in options.split(",")), options


def ports_of(text: str) -> tuple[Port, ...] | None:
    """The ports of a `--publish`, in its short or long form; None if docker would refuse it."""
    if "=" in text:
        pairs = [entry.partition("=") for entry in _csv(text.lower()) or ()]
        given = {key: value for key, _, value in pairs}
        if "target" not in given or not given.keys() <= {"target", "published", "protocol", "mode"}:
            return None
        found = port_of({key: value for key, value in given.items() if key != "mode"})
    else:
        found = port_of(text.lower())
    return None if found is None else tuple(found)


def network_of(text: str) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """The network of a `--network`, and what else its long form says, by options of docker run.

    None if docker would refuse it. Of the long form docker makes small letters.
    """
    if "=" not in text:
        return text or "default", ()
    pairs = [entry.partition("=") for entry in _csv(text.lower()) or ()]
    names = [value for key, _, value in pairs if key == "name"]
    if not names or not names[-1] or not all(key in NETWORK_KEYS for key, _, _ in pairs):
        return None
    further = ((NETWORK_KEYS[key], value) for key, _, value in pairs if key != "name")
    return names[-1], tuple(further)


def _mount(kind: str, source: str | None, target: str, *, read_only: bool) -> Mount:
    known: Literal["bind", "volume", "tmpfs"] = (
        "bind" if kind == "bind" else "tmpfs" if kind == "tmpfs" else "volume"
    )
    return Mount(known, source, posixpath.normpath(target), read_only)


def _csv(text: str) -> list[str] | None:
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 and rows[0] else None


def _clean(source: str | None, kind: str) -> str | None:
    return posixpath.normpath(source) if source is not None and kind == "bind" else source

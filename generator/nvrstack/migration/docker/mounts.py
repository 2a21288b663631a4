"""`--mount`, `--volume`, `--tmpfs` and `--network` as docker reads them.

https://docs.docker.com/engine/storage/bind-mounts/#options-for---mount
"""

import posixpath
import re
from typing import Literal

from nvrstack.migration.docker.csv_fields import fields_of
from nvrstack.migration.docker.options import NO, YES
from nvrstack.migration.install import Mount

KINDS = ("bind", "volume", "tmpfs")
USUAL = frozenset({"", "ro", "rw", "rprivate"})
"""Modes that a Mount says itself, or that nobody has to ask for."""
MOUNT_KEYS = {"source": "source", "src": "source", "target": "target", "dst": "target",
              "destination": "target", "type": "type"}  # fmt: skip

NETWORK_KEYS = {"name": "name", "alias": "network-alias", "ip": "ip", "ip6": "ip6",
                "link-local-ip": "link-local-ip", "mac-address": "mac-address",
                "driver-opt": "driver-opt"}  # fmt: skip


def mount_of(text: str) -> tuple[Mount, tuple[str, ...]] | None:
    """The mount of a `--mount`, and its keys that a Mount has no place for.

    None if docker would refuse it.
    """
    fields = fields_of(text)
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
    place = None if kind == "tmpfs" else source
    return mount_at(kind, place, target, read_only=read_only), tuple(further)


def is_relative(text: str) -> bool:
    """Whether the source of a `-v` counts from the directory of whoever calls docker."""
    source = text.partition(":")[0]
    return source in {".", ".."} or source.startswith(("./", "../"))


def volume_of(text: str, directory: str | None = None) -> tuple[Mount, tuple[str, ...]] | None:
    """The mount of a `-v`, and its modes beside read-only; None if docker would refuse it.

    `directory` is that of a compose file with it among its `volumes`, from which relative paths
    count. What `~` is depends on who runs Compose. A name has two characters at least: docker
    refuses shorter ones, and Compose takes them for drives.
    """
    words = [*text.split(":"), "", ""]
    source, target, modes = words[:3] if ":" in text else (None, text, "")
    if text.count(":") > 2 or not target.startswith("/") or target == "/" or source == "":
        return None
    starts = ("/",) if directory is None else ("/", ".")
    is_bind = source is not None and source.startswith(starts)
    if source is not None and not is_bind and not re.fullmatch(r"\w[\w.-]+", source):
        return None
    flags = modes.split(",")
    place = posixpath.join(directory or "/", source) if is_bind and source else source
    mount = mount_at("bind" if is_bind else "volume", place, target, read_only="ro" in flags)
    return mount, tuple(flag for flag in flags if flag not in USUAL)


def tmpfs_of(text: str) -> tuple[Mount, str]:
    """The mount of a `--tmpfs`, and its options."""
    target, _, options = text.partition(":")
    return Mount("tmpfs", None, target, "ro" in options.split(",")), options


def network_of(text: str) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """The network of a `--network`, and what else its long form says, by options of docker run.

    None if docker would refuse it. Of the long form docker makes small letters.
    """
    if "=" not in text:
        return text or "default", ()
    pairs = [entry.partition("=") for entry in fields_of(text.lower()) or ()]
    names = [value for key, _, value in pairs if key == "name"]
    if not names or not names[-1] or not all(key in NETWORK_KEYS for key, _, _ in pairs):
        return None
    further = ((NETWORK_KEYS[key], value) for key, _, value in pairs if key != "name")
    return names[-1], tuple(further)


def mount_at(kind: str, source: str | None, target: str, *, read_only: bool) -> Mount:
    """A mount of one of KINDS, with its paths as the engine cleans them."""
    if kind == "bind" and source is not None:
        source = posixpath.normpath(source)
    known: Literal["bind", "volume", "tmpfs"] = (
        "bind" if kind == "bind" else "tmpfs" if kind == "tmpfs" else "volume"
    )
    return Mount(known, source, posixpath.normpath(target), read_only)

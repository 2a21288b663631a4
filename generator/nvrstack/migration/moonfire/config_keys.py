"""The keys of Moonfire's configuration file, in either spelling (upstream: ref/config.md)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from nvrstack.migration.moonfire.versions import Spelling

Kinds = Mapping[str, type]
"""Keys in camelCase, each with what Moonfire wants there."""

TOP: Kinds = {
    "binds": list,
    "dbDir": str,
    "uiDir": object,
    "workerThreads": int,
    "rtspLibrary": str,
}
"""`rtsp_library` was in 0.7.2 alone."""
ADDRESSES = ("ipv4", "ipv6", "unix", "systemd")
ALLOW = "allowUnauthenticatedPermissions"
TRUST = "trustForwardHeaders"
OWN_UID = "ownUidIsPrivileged"
BIND: Kinds = {**dict.fromkeys(ADDRESSES, str), ALLOW: dict, TRUST: bool, OWN_UID: bool}
PERMISSIONS: Kinds = dict.fromkeys(
    ("viewVideo", "readCameraConfigs", "updateSignals", "adminUsers"), bool
)

_OTHER_NAMES = {"trustForwardHdrs": TRUST}
"""A spelling that was in upstream's guide for a week, and in no release."""


def canonical(key: str) -> str:
    """A key in camelCase, whichever way it is spelled."""
    camel = re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), key)
    return _OTHER_NAMES.get(camel, camel)


def spelled(key: str, spelling: Spelling) -> str:
    """A camelCase key as the versions with this spelling want it."""
    if spelling == "camelCase":
        return key
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), key)


def spelling_in(data: Mapping[str, Any]) -> Spelling | None:
    """How a configuration spells its keys: None where no key tells, or they do not agree."""
    found = set()
    for key in _keys(data):
        if "_" in key:
            found.add("snake_case")
        elif key != key.lower():
            found.add("camelCase")
    if found == {"snake_case"}:
        return "snake_case"
    return "camelCase" if found == {"camelCase"} else None


def _keys(value: Any) -> Iterable[str]:
    # A table in a bind is as deep as a configuration goes.
    for key, inner in value.items():
        yield key
        for table in inner if isinstance(inner, list) else [inner]:
            if not isinstance(table, dict):
                continue
            for name, innermost in table.items():
                yield name
                if isinstance(innermost, dict):
                    yield from innermost

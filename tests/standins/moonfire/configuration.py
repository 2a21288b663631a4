"""The configuration file: TOML, and nothing unknown in it."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.standins.moonfire.permissions import PERMISSION_NAMES, Permissions
from tests.standins.moonfire.program import DEFAULT_DB_DIR, MoonfireError, log, version
from tests.standins.moonfire.strict import expect, refuse_unknown


@dataclass(frozen=True)
class Bind:
    """One `[[binds]]` table."""

    kind: str
    address: str
    allow_unauthenticated: Permissions | None = None
    trust_forward_headers: bool = False
    own_uid_is_privileged: bool = False

    def socket_address(self) -> tuple[str, int] | str:
        """Return what `bind()` takes: host and port, or the path of a unix socket."""
        if self.kind == "unix":
            return self.address
        host, _, port = self.address.rpartition(":")
        return host.strip("[]"), int(port)

    def __str__(self) -> str:
        return f"{self.kind}:{self.address}"


@dataclass(frozen=True)
class Config:
    """The configuration file, checked as strictly as serde with `deny_unknown_fields`."""

    binds: tuple[Bind, ...]
    db_dir: Path = DEFAULT_DB_DIR
    serves_static_files: bool = True
    worker_threads: int = 1


def spelled(camel: str) -> str:
    """Return a key as the configuration of this version spells it: snake_case up to v0.7.5."""
    if version() >= (0, 7, 6):
        return camel
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), camel)


def load_config(path: Path) -> Config:
    """Read the configuration file; every failure carries the documented text."""
    try:
        return parse_config(path.read_bytes().decode("utf-8"))
    except OSError as err:
        cause = str(err)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, MoonfireError) as err:
        cause = str(err)
    message = f"unable to load config file {path}; see documentation in ref/config.md"
    raise MoonfireError("INVALID_ARGUMENT", f"{message}\ncaused by: {cause}")


def parse_config(text: str) -> Config:
    """Parse the TOML text of a configuration file."""
    table = tomllib.loads(text)
    known = [spelled(key) for key in ("binds", "dbDir", "uiDir", "workerThreads")]
    if version() == (0, 7, 2):
        known.append("rtsp_library")
    refuse_unknown(table, known)
    if "binds" not in table:
        raise MoonfireError("INVALID_ARGUMENT", "missing field `binds`")
    binds = tuple(parse_bind(bind) for bind in expect(table["binds"], list, "a sequence"))
    db_dir = expect(table.get(spelled("dbDir"), str(DEFAULT_DB_DIR)), str, "path string")
    workers = expect(table.get(spelled("workerThreads"), 1), int, "usize")
    if workers < 0:
        raise MoonfireError("INVALID_ARGUMENT", f"invalid value: integer `{workers}`")
    files = static_files_available(table.get(spelled("uiDir")))
    return Config(binds, Path(db_dir), files, workers)


def static_files_available(ui_dir: object) -> bool:
    """Tell whether `uiDir` leads to a page: bundled by default, a stale path only warns."""
    if ui_dir is None:
        return True
    if isinstance(ui_dir, dict) and version() >= (0, 7, 8):
        if list(ui_dir) == ["bundled"] and type(ui_dir["bundled"]) is bool:
            return True
        ui_dir = None
    if not isinstance(ui_dir, str):
        raise MoonfireError(
            "INVALID_ARGUMENT", "data did not match any variant of untagged enum UiDir"
        )
    if Path(ui_dir).is_dir():
        return True
    log("WARN", f"unable to load ui dir {ui_dir}; will serve no static files")
    return False


def parse_bind(value: object) -> Bind:
    """Read one `[[binds]]` table: exactly one address key, and the documented options."""
    table = expect(value, dict, "struct BindConfig")
    kinds = ["ipv4", "ipv6", "unix"] + (["systemd"] if version() >= (0, 7, 9) else [])
    allow, trust, own_uid = (
        spelled(key)
        for key in ("allowUnauthenticatedPermissions", "trustForwardHeaders", "ownUidIsPrivileged")
    )
    present = [kind for kind in kinds if kind in table]
    # A second address key is left over once the flattened enum has taken the first one.
    refuse_unknown(table, [*present[:1], allow, trust, own_uid] if present else list(table))
    if not present:
        raise MoonfireError(
            "INVALID_ARGUMENT", "no variant of enum AddressConfig found in flattened data"
        )
    refuse_unknown(table, [present[0], allow, trust, own_uid])
    return Bind(
        kind=present[0],
        address=parse_address(present[0], expect(table[present[0]], str, "a string")),
        allow_unauthenticated=parse_config_permissions(table[allow]) if allow in table else None,
        trust_forward_headers=expect(table.get(trust, False), bool, "a boolean"),
        own_uid_is_privileged=expect(table.get(own_uid, False), bool, "a boolean"),
    )


def parse_address(kind: str, text: str) -> str:
    """Check that an address is a literal socket address: host names are not accepted."""
    if kind in ("unix", "systemd"):
        return text
    pattern = r"([0-9.]+):(\d{1,5})" if kind == "ipv4" else r"\[([0-9a-fA-F:.]+)\]:(\d{1,5})"
    match = re.fullmatch(pattern, text)
    try:
        if match is None or int(match[2]) > 65535:
            raise ValueError
        if kind == "ipv4":
            ipaddress.IPv4Address(match[1])
        else:
            ipaddress.IPv6Address(match[1])
    except ValueError:
        name = "IPv4" if kind == "ipv4" else "IPv6"
        raise MoonfireError(
            "INVALID_ARGUMENT", f"invalid {name} socket address syntax: {text!r}"
        ) from None
    return text


def parse_config_permissions(value: object) -> Permissions:
    """Read `allowUnauthenticatedPermissions`; adminUsers exists from v0.7.6 on."""
    table = expect(value, dict, "struct Permissions")
    names = PERMISSION_NAMES if version() >= (0, 7, 6) else PERMISSION_NAMES[:3]
    refuse_unknown(table, [spelled(name) for name in names])
    camel = {spelled(name): name for name in names}
    return Permissions.from_json({camel[key]: flag for key, flag in table.items()})

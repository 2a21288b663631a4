"""Moonfire's configuration for the new project, from flags or from any file it ever had.

What a file, or flags, say is first made one plain table in camelCase; then it is changed; then it
is written with the old text's comments. See upstream's ref/config.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from nvrstack.migration.findings import Finding, Remarks
from nvrstack.migration.install import Install
from nvrstack.migration.moonfire import config_text, rules
from nvrstack.migration.moonfire.binds import carried_binds, tcp_ports, unix_sockets, with_sockets
from nvrstack.migration.moonfire.config_keys import spelling_in
from nvrstack.migration.moonfire.config_source import (
    ConfigFile,
    Format,
    from_file,
    from_flags,
    read_file,
    say_about_file,
    say_about_flags,
)
from nvrstack.migration.moonfire.places import DATABASE, host_path, working_directory
from nvrstack.migration.moonfire.server_flags import ServerFlags, read_flags
from nvrstack.migration.moonfire.versions import FIRST_WITH_FILE, Spelling, number, written
from nvrstack.services.releases import Version

DEFAULT_PATH = PurePosixPath("/etc/moonfire-nvr.toml")
LEFTOVER_PATH = PurePosixPath("/etc/moonfire-nvr.json")
"""Read by no release; upstream's guide named it for a while, and named it wrongly for longer."""


@dataclass(frozen=True)
class ConfigProposal:
    """Moonfire's configuration before and after the move.

    `path` is the file's on the host, or where it would be. `notes` says of each setting that was
    replaced by what. `database` is the database directory; `ports` are the TCP ports and `sockets`
    the paths that are listened on before the move: all as Moonfire sees them.
    """

    path: str
    format: Format
    spelling: Spelling | None
    before: str | None
    after: str
    database: PurePosixPath
    ports: tuple[int, ...] = ()
    sockets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The value as `nvrstack migrate plan --json` prints it."""
        keys = ("path", "format", "spelling", "before", "after")
        return {key: getattr(self, key) for key in keys}


def config_paths(install: Install) -> tuple[PurePosixPath, ...]:
    """The host's files that may be the configuration, the likeliest first.

    Read the first that exists, and give it to `propose`. None may: with the flags of old, a file
    that is not mounted has no part in it.
    """
    flags = read_flags(install.server_args)
    inside = [PurePosixPath(flags.config)] if flags.config else [DEFAULT_PATH, LEFTOVER_PATH]
    mounted = [path for path in map(partial(host_path, install), inside) if path]
    # A file beside an install that does not mount it tells what its owner meant.
    return tuple(mounted or ([] if flags.old else inside))


def _expected_path(install: Install) -> PurePosixPath:
    return next(iter(config_paths(install)), DEFAULT_PATH)


def propose(
    install: Install,
    file: ConfigFile | None,
    address: str,
    spelling: Spelling = "camelCase",
    port: int | None = None,
) -> ConfigProposal:
    """The configuration for the project, where nginx reaches Moonfire at `address` (IPv4:port).

    `spelling` is that of the version which will run; `port` is Moonfire's end of what the old proxy
    used, if there is one, and tells which of several binds is its.
    """
    remarks = Remarks()
    flags = read_flags(install.server_args)
    version = number(install.version or "")
    form, data = read_file(file, remarks)
    if file is not None and version is not None and version < FIRST_WITH_FILE:
        remarks.add(rules.CONFIG_NOT_READ(version=written(version), path=file.path))
        data = None
    if file is None or data is None:
        top, binds = from_flags(flags, remarks)
        if file is None and _must_be_there(flags, version):
            remarks.add(_absent(install, str(flags.config)))
        elif version is not None and version >= FIRST_WITH_FILE and file is None:
            path = _expected_path(install)
            is_mounted = any(mount.source == str(path) for mount in install.mounts)
            rule = rules.CONFIG_ABSENT_MOUNTED if is_mounted else rules.CONFIG_ABSENT
            remarks.add(rule(version=written(version), path=path))
    else:
        say_about_flags(flags, version, remarks)
        say_about_file(file.path, form, data, version, remarks)
        top, binds = from_file(data, remarks)
        binds = with_sockets(binds, install.sockets)
    if install.source == "systemd" and "dbDir" in top:
        top["dbDir"] = str(working_directory(install) / str(top["dbDir"]))
    database = PurePosixPath(str(top.get("dbDir", DATABASE)))
    top = _kept(top, install, remarks)
    carried = carried_binds(binds, address, port)
    before = file.text if file is not None else None
    after = None
    if form == "toml" and data is not None and before is not None:
        after = config_text.rewritten(before, top, carried.binds, spelling)
        if after is None:
            remarks.notes.append("the file's comments are not kept: it is laid out unusually")
    return ConfigProposal(
        path=file.path if file is not None else str(_expected_path(install)),
        format=form,
        spelling=spelling_in(data) if data is not None else None,
        before=before,
        after=after or config_text.fresh(top, carried.binds, spelling),
        database=database,
        ports=tcp_ports(binds),
        sockets=unix_sockets(binds),
        notes=(*remarks.notes, *carried.notes),
        warnings=(*remarks.warnings, *carried.warnings),
        blockers=tuple(remarks.blockers),
    )


def _must_be_there(flags: ServerFlags, version: Version | None) -> bool:
    """Whether Moonfire is told of a file, by a version that reads one.

    Where the version is not known, flags that only older ones have tell that it reads none.
    """
    reads = version >= FIRST_WITH_FILE if version is not None else not flags.old
    return flags.config is not None and reads


def _absent(install: Install, named: str) -> Finding:
    if host_path(install, PurePosixPath(named)) is None:
        return rules.CONFIG_ABSENT_IN_CONTAINER(named=named, container=install.container_name)
    return rules.CONFIG_ABSENT_NAMED(path=_expected_path(install))


def _kept(top: Mapping[str, Any], install: Install, remarks: Remarks) -> dict[str, Any]:
    """The settings beside the binds that the project's Moonfire is to have."""
    kept: dict[str, Any] = {}
    for key, value in top.items():
        if key == "dbDir":
            kept |= _database(str(value), install, remarks)
        elif key == "workerThreads":
            if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
                kept[key] = value
            else:
                remarks.add(rules.CONFIG_VALUE_THREADS(value=value))
        elif key == "uiDir":
            remarks.notes.append(f"uiDir = {value!r} gives way to the page inside the image")
        else:
            remarks.notes.append(f"{key} is not needed any more")
    return kept


def _database(value: str, install: Install, remarks: Remarks) -> dict[str, Any]:
    if PurePosixPath(value) == DATABASE:
        return {"dbDir": value}
    place = host_path(install, PurePosixPath(value))
    if place is not None and place.name == DATABASE.name:
        remarks.notes.append(
            f"dbDir = {value!r} is not needed: {place.parent} becomes the state directory"
        )
    else:
        remarks.add(rules.DATABASE_ELSEWHERE(value=value))
    return {}

"""What an install's configuration file or flags say, as one plain table in camelCase."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nvrstack.migration.findings import Remarks
from nvrstack.migration.moonfire import rules
from nvrstack.migration.moonfire.config_keys import (
    ALLOW,
    BIND,
    PERMISSIONS,
    TOP,
    Kinds,
    canonical,
    spelling_in,
)
from nvrstack.migration.moonfire.server_flags import ServerFlags
from nvrstack.migration.moonfire.versions import spelling_of, written
from nvrstack.services.releases import Version

Format = Literal["toml", "json", "absent"]
FFMPEG = "ffmpeg"
"""The other library for RTSP, which Moonfire had beside Retina up to 0.7.2 (its CHANGELOG.md)."""


@dataclass(frozen=True)
class ConfigFile:
    """The configuration file that was found, by the host's path, and its text."""

    path: str
    text: str


def read_file(file: ConfigFile | None, remarks: Remarks) -> tuple[Format, dict[str, Any] | None]:
    """The file's format by its content, since its name may lie, and what it holds."""
    if file is None:
        return "absent", None
    if file.text.lstrip().startswith("{"):
        form: Format = "json"
        load: Any = json.loads
    else:
        form, load = "toml", tomllib.loads
    try:
        data = load(file.text)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        remarks.add(rules.CONFIG_UNREADABLE(path=file.path, format=form.upper(), reason=reason))
        return form, None
    return form, data


def say_about_flags(flags: ServerFlags, version: Version | None, remarks: Remarks) -> None:
    """Name the flags that stand beside a file and do not count."""
    if flags.old:
        told = f"Moonfire {written(version)}" if version else "a Moonfire that has this file"
        remarks.add(rules.FLAGS_IGNORED(told=told, flags=", ".join(flags.old)))
    _say_about_the_rest(flags, remarks)


def _say_about_the_rest(flags: ServerFlags, remarks: Remarks) -> None:
    if "--read-only" in flags.given:
        remarks.add(rules.READ_ONLY())
    for word in flags.unknown:
        remarks.add(rules.FLAG_UNKNOWN(word=word))


def say_about_file(
    path: str, form: Format, data: Mapping[str, Any], version: Version | None, remarks: Remarks
) -> None:
    """Name what makes the file one that Moonfire does not start with."""
    if form == "json":
        remarks.add(rules.CONFIG_JSON(path=path))
    found = spelling_in(data)
    if version is None or found is None:
        return
    wanted = spelling_of(version)
    if found != wanted:
        remarks.add(
            rules.CONFIG_SPELLING(path=path, found=found, version=written(version), wanted=wanted)
        )


def from_flags(flags: ServerFlags, remarks: Remarks) -> tuple[dict[str, Any], list[Any]]:
    """The table that the flags amount to (upstream's CHANGELOG.md, version 0.7.2)."""
    top: dict[str, Any] = {}
    address = flags.given.get("--http-addr", "0.0.0.0:" + flags.given.get("--http-port", "8080"))
    bind: dict[str, Any] = {"ipv6" if address.startswith("[") else "ipv4": address}
    permissions = flags.anonymous_permissions
    if permissions is not None:
        bind[ALLOW] = {canonical(name): value for name, value in permissions.items()}
    if "--db-dir" in flags.given:
        top["dbDir"] = flags.given["--db-dir"]
    if "--ui-dir" in flags.given:
        top["uiDir"] = flags.given["--ui-dir"]
    workers = flags.given.get("--worker-threads", "")
    if workers:
        top["workerThreads"] = int(workers) if workers.isdecimal() else workers
    if flags.given.get("--rtsp-transport") == "udp":
        remarks.add(rules.UDP_FOR_ALL())
    if flags.given.get("--rtsp-library") == FFMPEG:
        remarks.add(rules.FFMPEG_CHOSEN(setting=f"--rtsp-library={FFMPEG}"))
    for flag in ("--rtsp-library", "--object-detection", "--sample-file-dir", "--require-auth"):
        if flag in flags.given:
            remarks.notes.append(f"{flag} is not needed any more")
    _say_about_the_rest(flags, remarks)
    return top, [bind]


def from_file(data: Mapping[str, Any], remarks: Remarks) -> tuple[dict[str, Any], list[Any]]:
    """The file's settings under their camelCase names; what no server knows is named and left."""
    top = _known(data, TOP, "", remarks)
    if top.get("rtspLibrary") == FFMPEG:
        remarks.add(rules.FFMPEG_CHOSEN(setting=f'rtspLibrary = "{FFMPEG}"'))
    binds = []
    for index, bind in enumerate(top.pop("binds", []), 1):
        if not isinstance(bind, dict):
            remarks.add(rules.CONFIG_KEY(index=index))
            continue
        # A key of the top level that stands below the first [[binds]] belongs to that bind.
        strayed = {
            key: value for key, value in bind.items() if canonical(key) in TOP.keys() - {"binds"}
        }
        top = {**_known(strayed, TOP, f" in bind {index}", remarks), **top}
        for key in strayed:
            remarks.add(rules.CONFIG_ORDER(key=key))
        rest = {key: value for key, value in bind.items() if key not in strayed}
        known = _known(rest, BIND, f" in bind {index}", remarks)
        if ALLOW in known:
            among = f" among the permissions of bind {index}"
            known[ALLOW] = _known(known[ALLOW], PERMISSIONS, among, remarks)
        binds.append(known)
    return top, binds


def _known(table: Mapping[str, Any], keys: Kinds, where: str, remarks: Remarks) -> dict[str, Any]:
    known = {}
    for key, value in table.items():
        name = canonical(key)
        if name not in keys:
            remarks.add(rules.CONFIG_KEY_UNKNOWN(key=key, where=where))
        elif keys[name] not in (object, type(value)):
            # An absent value in JSON is the same as none.
            if value is not None:
                remarks.add(rules.CONFIG_VALUE(key=key, value=value, where=where))
        else:
            known[name] = value
    return known

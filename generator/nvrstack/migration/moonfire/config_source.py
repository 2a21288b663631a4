"""What an install's configuration file or flags say, as one plain table in camelCase."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nvrstack.migration.install import Finding
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


@dataclass(frozen=True)
class ConfigFile:
    """The configuration file that was found, by the host's path, and its text."""

    path: str
    text: str


@dataclass
class Account:
    """What is said about the settings while they are gone through."""

    notes: list[str] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    blockers: list[Finding] = field(default_factory=list)

    def warn(self, code: str, message: str, hint: str) -> None:
        """Add a warning."""
        self.warnings.append(Finding(code, message, hint))


def read_file(file: ConfigFile | None, account: Account) -> tuple[Format, dict[str, Any] | None]:
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
        account.blockers.append(
            Finding(
                "config-unreadable",
                f"{file.path} is no {form.upper()}: {reason}",
                "mend it, or move it away if Moonfire does not use it, and plan again",
            )
        )
        return form, None
    return form, data


def say_about_flags(flags: ServerFlags, version: Version | None, account: Account) -> None:
    """Name the flags that stand beside a file and do not count."""
    if flags.old:
        told = f"Moonfire {written(version)}" if version else "a Moonfire that has this file"
        account.warn(
            "flags-ignored",
            f"{told} does not start with {', '.join(flags.old)}; the file counts",
            "look whether the flags say something that the file does not",
        )
    _say_about_the_rest(flags, account)


def _say_about_the_rest(flags: ServerFlags, account: Account) -> None:
    if "--read-only" in flags.given:
        account.warn(
            "read-only",
            "--read-only is not carried over: the new project records",
            'add it to the command in compose.override.yaml: ["run", "--config", '
            '"/etc/nvrstack/moonfire/moonfire-nvr.toml", "--read-only"]',
        )
    for word in flags.unknown:
        account.warn(
            "flag-unknown",
            f"{word} is no flag of any Moonfire; it is not carried over",
            "if it does something, tell Moonfire in its configuration file",
        )


def say_about_file(
    path: str, form: Format, data: Mapping[str, Any], version: Version | None, account: Account
) -> None:
    """Name what makes the file one that Moonfire does not start with."""
    if form == "json":
        account.warn(
            "config-json",
            f"{path} is JSON, which no released Moonfire reads; its settings become TOML",
            "look whether they are the ones that you want",
        )
    found = spelling_in(data)
    if version is None or found is None:
        return
    wanted = spelling_of(version)
    if found != wanted:
        account.warn(
            "config-spelling",
            f"{path} is written in {found}, but Moonfire {written(version)} reads {wanted} alone "
            "and does not start with it",
            "look whether this is the file in use; its settings are converted",
        )


def from_flags(flags: ServerFlags, account: Account) -> tuple[dict[str, Any], list[Any]]:
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
        account.warn(
            "udp-for-all",
            "--rtsp-transport=udp has no place in the configuration file: all streams use TCP",
            "a camera that needs UDP has it set at its stream; see the streams below",
        )
    for flag in ("--rtsp-library", "--object-detection", "--sample-file-dir", "--require-auth"):
        if flag in flags.given:
            account.notes.append(f"{flag} is not needed any more")
    _say_about_the_rest(flags, account)
    return top, [bind]


def from_file(data: Mapping[str, Any], account: Account) -> tuple[dict[str, Any], list[Any]]:
    """The file's settings under their camelCase names; what no server knows is named and left."""
    top = _known(data, TOP, "", account)
    binds = []
    for index, bind in enumerate(top.pop("binds", []), 1):
        if not isinstance(bind, dict):
            account.warn("config-key", f"bind {index} is no table; it is left out", "mend the file")
            continue
        # A key of the top level that stands below the first [[binds]] belongs to that bind.
        strayed = {
            key: value for key, value in bind.items() if canonical(key) in TOP.keys() - {"binds"}
        }
        top = {**_known(strayed, TOP, f" in bind {index}", account), **top}
        for key in strayed:
            account.warn(
                "config-order",
                f"{key} stands below a [[binds]] line, where Moonfire refuses it",
                "it moves above the first [[binds]]; look whether the file is the one in use",
            )
        rest = {key: value for key, value in bind.items() if key not in strayed}
        known = _known(rest, BIND, f" in bind {index}", account)
        if ALLOW in known:
            among = f" among the permissions of bind {index}"
            known[ALLOW] = _known(known[ALLOW], PERMISSIONS, among, account)
        binds.append(known)
    return top, binds


def _known(table: Mapping[str, Any], keys: Kinds, where: str, account: Account) -> dict[str, Any]:
    known = {}
    for key, value in table.items():
        name = canonical(key)
        if name not in keys:
            account.warn(
                "config-key",
                f"{key!r}{where} is no setting of Moonfire's, which would not start with it; "
                "it is left out",
                "if it is a slip, mend it in the file and plan again",
            )
        elif keys[name] not in (object, type(value)):
            # An absent value in JSON is the same as none.
            if value is not None:
                account.warn(
                    "config-value",
                    f"{key} = {value!r}{where} is nothing that Moonfire understands; "
                    "it is left out",
                    "mend it in the file and plan again",
                )
        else:
            known[name] = value
    return known

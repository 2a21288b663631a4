"""What becomes of each mount of an install."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from nvrstack.migration.carry.accounted import Decision, as_setting, in_override, left_out, replaced
from nvrstack.migration.install import Install, Mount
from nvrstack.migration.moonfire.places import DATABASE, STATE, state_directory

ZONES = "the project's own mount of /usr/share/zoneinfo, and moonfire.timezone"
OURS: Mapping[str, str] = {
    "/etc/moonfire-nvr.toml": "moonfire/moonfire-nvr.toml in the project",
    "/etc/moonfire-nvr.json": "moonfire/moonfire-nvr.toml in the project",
    "/usr/share/zoneinfo": ZONES,
    "/etc/localtime": ZONES,
    "/etc/timezone": ZONES,
    "/var/tmp": "a tmpfs for SQLite's temporary files",  # noqa: S108 - a place in the container
}
"""What the project has in a place of its own."""
SOCKETS = frozenset({"/var/run/docker.sock", "/run/docker.sock"})
PROPAGATIONS = frozenset({"private", "shared", "rshared", "slave", "rslave"})
CONFIG = "--config"


def mount_decisions(
    install: Install, sample_dirs: Sequence[str], state: PurePosixPath
) -> Iterator[Decision]:
    """One decision for each mount, and one for each of its modes that Compose cannot say.

    `state` is Moonfire's path of what becomes the state directory.
    """
    config = _config_path(install.server_args)
    for mount in install.mounts:
        modes = _modes(install, mount.target)
        values = (_shown(mount),)
        target = str(PurePosixPath(mount.target))
        if target in OURS or (config is not None and target == config):
            yield replaced("mount", values, OURS.get(target, OURS["/etc/moonfire-nvr.toml"]))
        elif mount.source in SOCKETS:
            yield left_out("mount", values, "whoever can speak to the engine is the host's root")
        elif mount.type == "tmpfs":
            yield _tmpfs(mount, modes, values)
        elif target == str(STATE) != str(state):
            yield replaced("mount", values, f"moonfire.state_dir, which was at {state}")
        elif target == str(STATE) or _comes_along(install, mount, state):
            yield _state(mount, values)
        elif mount.type == "volume":
            yield _volume(install, mount, modes, values)
        elif mount.source == mount.target and mount.source in sample_dirs:
            yield as_setting("mount", values, "moonfire.sample_dirs")
        else:
            yield in_override("mount", values, {"volumes": [_bind(mount, modes)]})
            modes = tuple(mode for mode in modes if mode not in {*PROPAGATIONS, "z", "Z"})
        if mount.type != "tmpfs":
            yield from _unsaid(mount, modes)


def _comes_along(install: Install, mount: Mount, state: PurePosixPath) -> bool:
    """Whether the mount of the state directory shows the same files in the same place."""
    directory = state_directory(install, DATABASE) if state == STATE else None
    target = PurePosixPath(mount.target)
    if directory is None or mount.type != "bind" or not target.is_relative_to(STATE):
        return False
    return mount.source == str(directory / target.relative_to(STATE)) and not mount.read_only


def _shown(mount: Mount) -> str:
    source = mount.source or mount.type
    return f"{source}:{mount.target}{':ro' if mount.read_only else ''}"


def _modes(install: Install, target: str) -> tuple[str, ...]:
    entries = (entry.rpartition(":") for entry in install.other_options.get("mount-mode", ()))
    return tuple(mode for place, _, mode in entries if place == target)


def _config_path(arguments: Sequence[str]) -> str | None:
    found = None
    for index, argument in enumerate(arguments):
        if argument.startswith(f"{CONFIG}="):
            found = argument.partition("=")[2]
        elif argument in {CONFIG, "-c"}:
            found = next(iter(arguments[index + 1 :]), None)
    return found


def _state(mount: Mount, values: Sequence[str]) -> Decision:
    if mount.type == "bind":
        return as_setting("mount", values, "moonfire.state_dir")
    return left_out("mount", values, "the database must be in a directory of the host")


def _tmpfs(mount: Mount, modes: Sequence[str], values: Sequence[str]) -> Decision:
    options = ",".join((*(["ro"] if mount.read_only else []), *map(_tmpfs_option, modes)))
    entry = f"{mount.target}:{options}" if options else mount.target
    return in_override("mount", values, {"tmpfs": [entry]})


def _tmpfs_option(mode: str) -> str:
    """An option of `--mount type=tmpfs` as mount(8) has it."""
    return mode.removeprefix("tmpfs-")


def _volume(
    install: Install, mount: Mount, modes: Sequence[str], values: Sequence[str]
) -> Decision:
    if mount.source is None:
        return left_out("mount", values, "a volume without a name ends with its container")
    if install.source == "compose":
        why = "Compose gave the volume a longer name, which `docker volume ls` tells"
        return left_out("mount", values, f"{why}; if Moonfire needs it, mount that as external")
    entry: dict[str, Any] = {"type": "volume", "source": mount.source, "target": mount.target}
    if mount.read_only:
        entry["read_only"] = True
    if "nocopy" in modes or "volume-nocopy" in modes:
        entry["volume"] = {"nocopy": True}
    top = {"volumes": {mount.source: {"external": True, "name": mount.source}}}
    return in_override("mount", values, {"volumes": [entry]}, top)


def _bind(mount: Mount, modes: Sequence[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "bind", "source": mount.source, "target": mount.target}
    if mount.read_only:
        entry["read_only"] = True
    # Without this a disk that is not there becomes an empty directory.
    bind: dict[str, Any] = {"create_host_path": False}
    for mode in modes:
        if mode in {"z", "Z"}:
            bind["selinux"] = mode
        elif mode in PROPAGATIONS:
            bind["propagation"] = mode
    return {**entry, "bind": bind}


def _unsaid(mount: Mount, modes: Sequence[str]) -> Iterator[Decision]:
    for mode in modes:
        value = f"{mount.target}:{mode}"
        if mount.type == "bind" and mode in {*PROPAGATIONS, "z", "Z"}:
            why = "a setting has no modes; if it must be, repeat the mount in compose.override.yaml"
            yield left_out("mount-mode", (value,), why)
        elif mount.type == "bind" or mode not in {"nocopy", "volume-nocopy"}:
            yield left_out("mount-mode", (value,), "the mount itself is as before without it")

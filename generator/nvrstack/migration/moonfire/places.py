"""Where on the host a path of Moonfire's container lies."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from nvrstack.migration.install import Install, Mount
from nvrstack.settings.rules import STATE_IN_CONTAINER

STATE = STATE_IN_CONTAINER
"""Where a project mounts the state directory, and where every documented install does."""
DATABASE = STATE / "db"
"""Moonfire's default for `dbDir`."""
SHARED = frozenset(map(PurePosixPath, ("/home", "/var", "/usr", "/run", "/run/media")))
"""What lies in these has many uses."""


def state_path(database: PurePosixPath) -> PurePosixPath:
    """Moonfire's path of what becomes the state directory: what its database, `dbDir`, lies in."""
    return STATE if database == DATABASE else database.parent


def covering(install: Install, path: PurePosixPath) -> Mount | None:
    """The mount that the container sees at `path`: the one with the longest fitting target."""
    fitting = [
        (len(target.parts), mount)
        for mount in install.mounts
        if path.is_relative_to(target := PurePosixPath(mount.target))
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def host_path(install: Install, path: PurePosixPath) -> PurePosixPath | None:
    """The host's path for a path that Moonfire uses; None where it is no directory of the host.

    A systemd unit runs on the host itself. A Docker volume has no path here, nor has what is not
    mounted at all.
    """
    if install.source == "systemd":
        return path
    mount = covering(install, path)
    if mount is None or mount.type != "bind" or mount.source is None:
        return None
    return PurePosixPath(mount.source) / path.relative_to(mount.target)


def state_directory(install: Install, database: PurePosixPath) -> PurePosixPath | None:
    """The host's directory that becomes the state directory: what the `database` lies in there.

    None where no directory of the host may be it. Where only the database is mounted, that is the
    directory above it, unless it is one that other things have too.
    """
    state, place = host_path(install, state_path(database)), host_path(install, database)
    if place is None:
        return None
    if state is not None:
        return state if place.parent == state else None
    return place.parent if place.name == DATABASE.name and _is_narrow(place.parent) else None


def _is_narrow(directory: PurePosixPath) -> bool:
    """Whether a directory is none that a whole system or all of a person's files are in."""
    return len(directory.parts) > 2 and directory.parent not in SHARED


def working_directory(install: Install) -> PurePosixPath:
    """What a systemd unit's Moonfire counts relative paths from (systemd.exec(5))."""
    values = install.other_options.get("Service.WorkingDirectory", ())
    return PurePosixPath(*values[-1:] or ("/",))


def outermost(paths: Iterable[PurePosixPath]) -> tuple[PurePosixPath, ...]:
    """The directories without those inside of another one, each once: its mount shows them too."""
    every = tuple(dict.fromkeys(paths))
    return tuple(path for path in every if not any(other in path.parents for other in every))


def host_port(install: Install, port: int) -> int | None:
    """The port of the host that leads to Moonfire's own `port`; None where none does."""
    if install.network == "host":
        return port
    published = (p.host_port for p in install.ports if p.container_port == port)
    return next((p for p in published if p), None)


def own_port(install: Install, port: int) -> int | None:
    """Moonfire's own port behind a port of the host; None where there is none."""
    if install.network == "host":
        return port
    return next((p.container_port for p in install.ports if p.host_port == port), None)

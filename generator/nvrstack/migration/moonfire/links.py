"""Links on the way to Moonfire's files that lead out of what the project mounts.

On the host a link leads anywhere; in a container it leads to what is mounted there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from nvrstack.migration.findings import Finding
from nvrstack.migration.moonfire import rules
from nvrstack.migration.moonfire.places import STATE, outermost


@dataclass(frozen=True)
class Links:
    """What links make of the paths that recordings have in the database.

    `mounts` has the directory to mount for each path that leads out of all others; it is called by
    the name that the link has for it. `astray` are paths that the container would not come by to
    where they lead on the host, and where that is.
    """

    mounts: Mapping[PurePosixPath, PurePosixPath] = field(default_factory=dict)
    astray: Mapping[PurePosixPath, PurePosixPath] = field(default_factory=dict)


def project_mounts(
    paths: Iterable[PurePosixPath], state: PurePosixPath
) -> Mapping[PurePosixPath, PurePosixPath]:
    """The host's directories by their mount points in a project that is to see all of `paths`.

    `state` is the state directory; what lies in it needs no mount of its own.
    """
    apart = (path for path in paths if state != STATE or not path.is_relative_to(STATE))
    return {STATE: state, **{path: path for path in outermost(apart)}}


def led(path: PurePosixPath, links: Links) -> str:
    """What to say of a path in `links.mounts`."""
    return (
        f"{path} leads to {links.mounts[path]} by a link, so that is among moonfire.sample_dirs too"
    )


def astray(path: PurePosixPath, links: Links) -> Finding | None:
    """What stands in the way where a path of recordings is in `links.astray`."""
    if path not in links.astray:
        return None
    return rules.SAMPLE_DIR_LINKED(path=path, place=links.astray[path])


def linked_database_finding(database: PurePosixPath, place: PurePosixPath) -> Finding:
    """What stands in the way where the database's directory is a link to `place`."""
    return rules.DATABASE_LINKED(database=database, place=place, state=database.parent)

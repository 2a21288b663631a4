"""Links of the host on the way to Moonfire's files, as the new project's container sees them.

Only a systemd unit's Moonfire follows them on the host itself. In a container they lead nowhere new
after the move.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

from nvrstack.host import container_paths, rooted_files
from nvrstack.migration.findings import Finding
from nvrstack.migration.gathering.survey import Host
from nvrstack.migration.install import Install
from nvrstack.migration.moonfire.links import Links, linked_database_finding, project_mounts
from nvrstack.migration.moonfire.places import STATE


def linked_samples(
    host: Host, install: Install, paths: Sequence[PurePosixPath], state: PurePosixPath
) -> Links:
    """What becomes of `paths`, the directories of recordings, beside the state directory."""
    if install.source != "systemd":
        return Links()
    plain = project_mounts(paths, state)
    further: list[PurePosixPath] = []
    while True:
        mounts = project_mounts([*paths, *further], state)
        every = {path: container_paths.leads_to(host.root, mounts, path) for path in paths}
        reached = {path: place for path, place in every.items() if place is not None}
        # What is mounted for one link may have a link itself.
        new = [
            place for place in reached.values() if container_paths.on_host(mounts, place) is None
        ]
        if not new:
            break
        further += new
    out, astray = {}, {}
    for path, place in reached.items():
        here = rooted_files.resolved(host.root, path)
        there = container_paths.on_host(mounts, place)
        if there is None:
            raise ValueError(f"{place} is not mounted: the loop saw to it")
        if here is not None and rooted_files.resolved(host.root, there) != here:
            astray[path] = PurePosixPath("/", here.relative_to(host.root))
        elif container_paths.on_host(plain, place) is None:
            out[path] = place
    return Links(out, astray)


def linked_database(host: Host, install: Install, database: PurePosixPath) -> tuple[Finding, ...]:
    """A blocker where the project's container would not find the `database`, a directory."""
    if install.source != "systemd":
        return ()
    mounts = {STATE: database.parent}
    place = container_paths.leads_to(host.root, mounts, STATE / database.name)
    there = None if place is None else container_paths.on_host(mounts, place)
    here = rooted_files.resolved(host.root, database)
    if here is None or place is None:
        return ()
    if (
        there is not None
        and place.parent == STATE
        and rooted_files.resolved(host.root, there) == here
    ):
        return ()
    return (linked_database_finding(database, PurePosixPath("/", here.relative_to(host.root))),)

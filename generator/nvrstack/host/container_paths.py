"""Where a path leads inside a container that sees some of the host's directories, and no others.

A link in such a directory is followed by the container in its own tree: what the link leads to on
the host may not be there, or be something else.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from nvrstack.host.rooted_files import MOST_LINKS, link_of

Mounts = Mapping[PurePosixPath, PurePosixPath]
"""The host's directory at each of the container's mount points."""


def leads_to(root: Path, mounts: Mounts, path: PurePosixPath) -> PurePosixPath | None:
    """The container's `path` with every link followed; None where they go round in circles.

    `root` is the host's root directory. Outside of `mounts` the container has no links.
    """
    left, found, links = _parts(path), PurePosixPath("/"), 0
    while left:
        part = left.pop(0)
        if part == "..":
            found = found.parent
            continue
        found /= part
        place = None if found in mounts else on_host(mounts, found)
        target = None if place is None else link_of(root, place)
        if target is None:
            continue
        links += 1
        if links > MOST_LINKS:
            return None
        left = [*_parts(target), *left]
        found = PurePosixPath("/") if target.is_absolute() else found.parent
    return found


def on_host(mounts: Mounts, path: PurePosixPath) -> PurePosixPath | None:
    """The host's path for the container's; None where it sees nothing of the host there."""
    fitting = [target for target in mounts if path.is_relative_to(target)]
    if not fitting:
        return None
    target = max(fitting, key=lambda each: len(each.parts))
    return mounts[target] / path.relative_to(target)


def _parts(path: PurePosixPath) -> list[str]:
    return [part for part in path.parts if part.strip("/")]

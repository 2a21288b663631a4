"""Which Docker Engine and Compose nvrstack supports: what its tests run on, and newer ones."""

import re

Release = tuple[int, int]

OLDEST_ENGINE: Release = (20, 10)
OLDEST_COMPOSE: Release = (2, 26)


def _written(release: Release) -> str:
    return ".".join(map(str, release))


SUPPORTED = (
    f"Docker Engine {_written(OLDEST_ENGINE)} or newer "
    f"with Docker Compose {_written(OLDEST_COMPOSE)} or newer"
)
"""The same in words."""


def release_of(version: str) -> Release | None:
    """The release that a version belongs to, None where it is no number."""
    match = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else None


def too_old(version: str, oldest: Release) -> str | None:
    """What is wrong with a version that is older than the oldest supported one; None when none is.

    A version that cannot be read is not known to be old.
    """
    release = release_of(version)
    if release is None or release >= oldest:
        return None
    return f"version {version}; nvrstack is tested with {_written(oldest)} and newer"

"""The docker client of a newer Debian release than the machine's; the bed's engine is not asked."""

import os
import shutil
from pathlib import Path

from tests.bed.lock import lock
from tests.bed.mirror import download
from tests.bed.paths import cache_dir
from tests.bed.process import BedError, run

SUITE = "trixie"


def program() -> Path:
    """Return where the client is installed."""
    return cache_dir() / "docker-cli" / "docker"


def ensure() -> None:
    """Fetch the client unless it is there."""
    with lock("docker-cli", shared=True):
        if not program().exists():
            _fetch()


def _fetch() -> None:
    unpacked = cache_dir() / "docker-cli.deb.d"
    shutil.rmtree(unpacked, ignore_errors=True)
    (package,) = download(SUITE, "docker-cli")
    run(["dpkg-deb", "--extract", package, unpacked])
    found = unpacked / "usr/bin/docker"
    if not os.access(found, os.X_OK):
        message = f"the docker-cli package of {SUITE} has no program docker"
        raise BedError(message)
    program().parent.mkdir(exist_ok=True)
    found.rename(program())
    shutil.rmtree(unpacked)

"""Where the bed keeps what it downloads, builds and runs."""

import os
import re
from pathlib import Path

from tests.bed.process import BedError

DEFAULT_CACHE = Path("/var/cache/nvrstack-bed")

TESTS = Path(__file__).resolve().parent.parent
CONTEXTS = Path(__file__).resolve().parent / "contexts"
STANDINS = TESTS / "standins"


def cache_dir() -> Path:
    """Return what all beds share, downloads above all; `NVRSTACK_BED` may move it."""
    return Path(os.environ.get("NVRSTACK_BED") or DEFAULT_CACHE).absolute()


def prefix() -> str:
    """Return what the names of this bed's namespaces, locks and folders begin with.

    `NVRSTACK_BED_NAME`, a few small letters or none, says which bed it is that this process means.
    Beds of different names stand beside each other on one machine; they have the same addresses,
    for nothing outside of a bed's namespaces ever sees these.
    """
    name = os.environ.get("NVRSTACK_BED_NAME", "")
    if not re.fullmatch("[a-z]{0,8}", name):
        message = f"NVRSTACK_BED_NAME is {name!r}: a bed's name is up to eight small letters"
        raise BedError(message)
    return f"nvr{name}"


def beds_dir() -> Path:
    """Return the directory with a folder for each bed."""
    return cache_dir() / "beds"


def bed_dir() -> Path:
    """Return the directory of this bed alone."""
    return beds_dir() / prefix()


def engine_name() -> str:
    """Return which engine this process means, the newest unless `NVRSTACK_BED_ENGINE` is set."""
    return os.environ.get("NVRSTACK_BED_ENGINE") or "newest"


def engine_dir() -> Path:
    """Return the directory of the private engine: data, state, socket, log.

    No engine reads what a newer one has written: each has a directory of its own.
    """
    return bed_dir() / engine_name()


def made(directory: Path) -> Path:
    """Create a directory if need be and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    return directory

"""Where the bed keeps what it downloads, builds and runs."""

import os
from pathlib import Path

DEFAULT_CACHE = Path("/var/cache/nvrstack-bed")

TESTS = Path(__file__).resolve().parent.parent
CONTEXTS = Path(__file__).resolve().parent / "contexts"
STANDINS = TESTS / "standins"


def cache_dir() -> Path:
    """Return the bed's one directory, which `NVRSTACK_BED` may move."""
    return Path(os.environ.get("NVRSTACK_BED") or DEFAULT_CACHE).absolute()


def engine_dir() -> Path:
    """Return the directory of the private engine: data, state, socket, log."""
    return cache_dir() / "engine"


def made(directory: Path) -> Path:
    """Create a directory if need be and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    return directory

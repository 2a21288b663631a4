"""Moonfire's directories of recordings, found on the disk."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

META = "meta"
"""The file that makes a directory one of Moonfire's, and says whose (upstream: db/dir/mod.rs)."""
SAMPLE = re.compile(r"[0-9a-f]{16}")
DEEPEST = 2
"""Levels below the directory that is mounted: people keep one disk, or one folder a camera."""
MOST = 200


@dataclass(frozen=True)
class Seen:
    """A directory of recordings; `changed` is its modification time in Unix seconds."""

    path: Path
    changed: float
    holds_recordings: bool
    free_bytes: int
    total_bytes: int


def sample_directories(tops: Iterable[Path]) -> tuple[Seen, ...] | None:
    """The directories of recordings at or below `tops`; None when one may not be read."""
    try:
        found = {path for top in tops for path in _below(top, DEEPEST)}
        return tuple(_seen(path) for path in sorted(found)[:MOST])
    except PermissionError:
        return None


def _below(directory: Path, levels: int) -> Iterator[Path]:
    try:
        if (directory / META).is_file():
            # Recordings lie beside it by the hundred thousand; nothing else is looked for there.
            yield directory
            return
        inner = [Path(e.path) for e in os.scandir(directory) if e.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return
    if levels:
        for path in inner[:MOST]:
            yield from _below(path, levels - 1)


def _seen(path: Path) -> Seen:
    with os.scandir(path) as entries:
        holds = any(SAMPLE.fullmatch(entry.name) for entry in entries)
    usage = shutil.disk_usage(path)
    return Seen(path, path.stat().st_mtime, holds, usage.free, usage.total)

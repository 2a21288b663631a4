"""Small disks that can be full."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bed.process import run

PAGE = 4096
"""What the smallest file takes."""


@dataclass(frozen=True)
class Disk:
    """A disk of its own, mounted at a directory."""

    place: Path

    @property
    def filler(self) -> Path:
        """What takes up the room."""
        return self.place / "filler"

    def fill(self, pages: int) -> None:
        """Leave room for so many pages."""
        self.empty()
        self.filler.write_bytes(bytes((os.statvfs(self.place).f_bavail - pages) * PAGE))

    def empty(self) -> None:
        """Make room again."""
        self.filler.unlink(missing_ok=True)


@contextmanager
def small_disk(place: Path, owner: tuple[int, int]) -> Iterator[Disk]:
    """Mount one at a directory of a project, and take it away again."""
    uid, gid = owner
    options = f"size=512k,mode=700,uid={uid},gid={gid}"
    run(["mount", "-t", "tmpfs", "-o", options, "nvrstack-test", place])
    try:
        yield Disk(place)
    finally:
        run(["umount", "--lazy", place])

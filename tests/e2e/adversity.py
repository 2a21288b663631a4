"""What a host may do to a move: a port that is taken, a disk that is full."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bed import engine
from tests.e2e.old_install import OldInstall
from tests.e2e.waiting import wait_until

DISK_MIB = 80


@contextmanager
def squatter(install: OldInstall, port: int) -> Iterator[None]:
    """Let a program have a port of this host."""
    words = ["python3", "-m", "http.server", "--bind", install.address, str(port)]
    command = install.world.bed.command(words, install.world.bed.engine_netns)
    process = subprocess.Popen(
        command, cwd=install.samples, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    probe = ["curl", "-sf", "--max-time", "2", f"http://{install.address}:{port}/"]
    bed = install.world.bed
    try:
        wait_until(
            "the other program",
            lambda: bed.run(probe, bed.engine_netns, check=False).returncode == 0,
            seconds=10,
        )
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def small_disk(install: OldInstall) -> Iterator[Path]:
    """A file system with little more room than a move asks for, at the path `disk`.

    Only the engine and nvrstack have it; yields the path by which the test sees it.
    """
    bed, pid = install.world.bed, engine.pid()
    install.disk.mkdir()
    install.enter = ["nsenter", f"--mount=/proc/{pid}/ns/mnt"]
    bed.run(
        [
            *install.enter,
            "mount",
            "-t",
            "tmpfs",
            "-o",
            f"size={DISK_MIB}m,mode=755",
            "d",
            install.disk,
        ]
    )
    try:
        yield Path(f"/proc/{pid}/root{install.disk}")
    finally:
        bed.run([*install.enter, "umount", "--lazy", install.disk])
        install.enter = []


def fill(place: Path) -> None:
    """Leave no room on a file system."""
    with contextlib.suppress(OSError), (place / "filling").open("wb") as file:
        for _ in range(DISK_MIB * 16 + 1):
            file.write(b"\0" * 65536)
            file.flush()

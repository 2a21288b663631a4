"""How long cameras are not recorded by a move, beside a plain stop and start of the container."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bed import bed
from tests.bed.lock import lock
from tests.bench.pairs import Pair, pair
from tests.e2e.old_install import OldInstall
from tests.e2e.waiting import wait_until
from tests.e2e.world import World


def pairs(runs: int) -> Iterator[Pair]:
    """The move of a script's install on the test bed's engine, back again after each run."""
    with lock("e2e"), tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        world = World(bed.up(), Path(folder) / "world")
        world.open()
        install = OldInstall(world, Path(folder) / "gap", "gap", 61)
        try:
            install.make()
            yield pair(
                "nvrstack migrate, without recording",
                lambda: moved(install),
                "docker stop, docker start",
                install.plain_restart,
                runs=runs,
                warm_up=0,
            )
        finally:
            install.remove()
            world.close()


def moved(install: OldInstall) -> float:
    """The longest time without recording in a move; afterwards all is as it was."""
    began = time.time()
    install.nvrstack("run")
    seconds = install.longest_gap(began)
    install.nvrstack("rollback")
    wait_until("the old Moonfire to record", install.records, seconds=20)
    return seconds

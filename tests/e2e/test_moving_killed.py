"""kill -9 after and in the middle of every step of a move: on and back again, and nothing is lost.

The table is made from the list of steps, so that a new step cannot be left out.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.bed.bed import Bed
from tests.e2e.killing import (
    RECORDING_AGAIN,
    Cell,
    Points,
    back_by_pieces,
    gone_back,
    gone_on,
    points_of,
)
from tests.e2e.old_install import OldInstall
from tests.e2e.waiting import Stopwatch, wait_until
from tests.e2e.world import World


@pytest.fixture(scope="module")
def installs(world: World, folder: Path) -> Iterator[list[OldInstall]]:
    """Hosts beside each other, each with a Moonfire of its own."""
    made = [OldInstall(world, folder / f"killed{n}", f"killed{n}", 30 + n) for n in range(1, 5)]
    try:
        for install in made:
            install.make()
        yield made
    finally:
        for install in made:
            install.remove()


@pytest.fixture(scope="module")
def points(installs: list[OldInstall], tmp_path_factory: pytest.TempPathFactory) -> Points:
    """Every step of a container's move."""
    return points_of(installs[0], tmp_path_factory.mktemp("counted"))


def test_whatever_is_killed_ends_right(
    installs: list[OldInstall], points: Points, figures: dict[str, str]
) -> None:
    first, *others = installs

    def there_and_back() -> list[Cell]:
        return [*gone_on(first, points.there), *back_by_pieces(first, points.back)]

    watch = Stopwatch()
    with ThreadPoolExecutor(len(installs)) as pool:
        work = [pool.submit(there_and_back)]
        for number, install in enumerate(others):
            share = points.there[number :: len(others)]
            work.append(pool.submit(gone_back, install, share))
        cells = [cell for part in work for cell in part.result()]
    for way in ("resume", "rollback"):
        assert {cell.point for cell in cells if cell.way == way} == {*points.there}, way
    slowest = max(cell.seconds for cell in cells if cell.way == "rollback")
    figures["kill -9 in the middle of and after every step"] = (
        f"{len(cells)} of {len(cells)} right in {watch.seconds:.0f} s; "
        f"slowest way back {slowest:.1f} s"
    )


def test_after_a_power_cut_somebody_records(
    installs: list[OldInstall], points: Points, bed: Bed, figures: dict[str, str]
) -> None:
    """In the middle of the change from one to the other, there and back again."""
    install = installs[0]
    before = install.fingerprint()
    (there, *_) = [point for point in points.there if point[0] == "takeover"]
    (back, *_) = [point for point in points.back if point[0] == "takeover"]
    seconds = []
    for what, point in (("run", there), ("rollback", back)):
        done = install.nvrstack(what, "--kill", ":".join(point), check=False)
        assert done.returncode == -signal.SIGKILL, done
        bed.cut_power()
        bed.start_engine()
        watch = Stopwatch()
        wait_until("a recording after the power cut", install.records, seconds=RECORDING_AGAIN)
        seconds.append(watch.seconds)
        install.nvrstack("resume")
    assert install.fingerprint() == before
    assert install.running() == install.running_before
    figures["from the engine's start after a power cut to a recording"] = (
        f"{max(seconds):.1f} s at most"
    )

"""kill -9 after and in the middle of every step of a move: on and back again, and nothing is lost.

The table is made from the list of steps, so that a new step cannot be left out.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from nvrstack.migration.steps import steps
from tests.e2e.old_install import OldInstall
from tests.e2e.waiting import Stopwatch, wait_until
from tests.e2e.world import World

RECORDING_AGAIN = 20.0
"""Seconds within which either Moonfire records after a kill, without anybody's help."""
LONG_SECONDS = 0.5
Point = tuple[str, str]


@pytest.fixture(scope="module")
def installs(world: World, folder: Path) -> Iterator[list[OldInstall]]:
    """Four hosts in one, each with a Moonfire of its own."""
    made = [OldInstall(world, folder / name, name, 31 + n) for n, name in enumerate("pqrs")]
    for install in made:
        install.name = f"killed{install.name}"
    try:
        for install in made:
            install.make()
        yield made
    finally:
        for install in made:
            install.remove()


@dataclass(frozen=True)
class Cell:
    """What became of one kill, and how long the way on or back took."""

    way: str
    point: Point
    seconds: float


def killed(install: OldInstall, point: Point, what: str) -> None:
    """Kill the move there; see that somebody records all the same, and only one can."""
    done = install.nvrstack(what, "--kill", ":".join(point), check=False)
    assert done.returncode == -signal.SIGKILL, (point, done.stdout, done.stderr)
    wait_until(f"a recording after {point}", install.records, seconds=RECORDING_AGAIN)


def gone_back(install: OldInstall, points: Sequence[Point]) -> list[Cell]:
    """Kill and roll back, once for each point."""
    before, cells = install.fingerprint(), []
    for point in points:
        killed(install, point, "run")
        watch = Stopwatch()
        install.nvrstack("rollback")
        assert install.fingerprint() == before, point
        assert install.running() == [install.old_name], point
        wait_until(f"a recording after {point}", install.records, seconds=RECORDING_AGAIN)
        cells.append(Cell("rollback", point, watch.seconds))
    return cells


def gone_on(install: OldInstall, points: Sequence[Point]) -> list[Cell]:
    """Kill at every point of one move, which goes on from the one to the other."""
    cells = []
    for number, point in enumerate(points):
        watch = Stopwatch()
        killed(install, point, "resume" if number else "run")
        cells.append(Cell("resume", point, watch.seconds))
    install.nvrstack("resume")
    assert install.running() == [install.new_name]
    assert install.served_serial() == install.serial
    assert install.status("/api/") == 401
    return cells


def back_by_pieces(install: OldInstall, points: Sequence[Point]) -> list[Cell]:
    """Kill the way back at every point too."""
    cells = []
    for point in points:
        watch = Stopwatch()
        killed(install, point, "rollback")
        cells.append(Cell("killed on the way back", point, watch.seconds))
    install.nvrstack("resume")
    return cells


def test_whatever_is_killed_ends_right(
    installs: list[OldInstall], figures: dict[str, str], tmp_path: Path
) -> None:
    first, *others = installs
    ids = [step.id for step in steps(first.move())]
    before = first.fingerprint()
    first.nvrstack("run", "--count", str(tmp_path / "there"))
    first.nvrstack("rollback", "--count", str(tmp_path / "back"))
    assert first.fingerprint() == before
    there, back = (json.loads((tmp_path / name).read_text()) for name in ("there", "back"))
    assert list(there["seconds"]) == ids

    points: list[Point] = []
    for step in ids:
        long = there["seconds"][step] > LONG_SECONDS and step in ("images", "rehearse", "front")
        middle = "program" if long else str(there["acts"][step] // 2 + 1)
        points += [(step, middle), (step, "after")]
    undone = [step for step in reversed(ids) if back["acts"].get(step, 0) > 1]
    pieces = [(step, str(back["acts"][step] // 2 + 1)) for step in undone]

    def on_and_back(install: OldInstall) -> list[Cell]:
        return [*gone_on(install, points), *back_by_pieces(install, pieces)]

    work: list[Callable[[], list[Cell]]] = [lambda: on_and_back(first)]
    for number, install in enumerate(others):
        share = points[number :: len(others)]
        work.append(lambda install=install, share=share: gone_back(install, share))  # type: ignore[misc]
    watch = Stopwatch()
    with ThreadPoolExecutor(len(work)) as pool:
        cells = [cell for cells in pool.map(lambda part: part(), work) for cell in cells]
    assert first.fingerprint() == before
    wait_until("the old Moonfire to record", first.records, seconds=RECORDING_AGAIN)

    assert {cell.point for cell in cells if cell.way == "resume"} == set(points)
    assert {cell.point for cell in cells if cell.way == "rollback"} == set(points)
    slowest = max(cell.seconds for cell in cells if cell.way == "rollback")
    figures["kill -9 at every step of a move"] = (
        f"{len(cells)} of {len(cells)} right in {watch.seconds:.0f} s; "
        f"slowest way back {slowest:.1f} s"
    )

"""kill -9 after and in the middle of every step of a move: on and back again, and nothing is lost.

The table is made from the list of steps, so that a new step cannot be left out.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from nvrstack.migration.plan.steps import steps
from tests.bed.bed import Bed
from tests.e2e.old_house import OldHouse
from tests.e2e.old_install import OldInstall
from tests.e2e.waiting import Stopwatch, wait_until
from tests.e2e.world import World

RECORDING_AGAIN = 20.0
"""Seconds within which either Moonfire records after a kill, without anybody's help."""
LONG_SECONDS = 0.5
WITH_PROGRAMS = ("images", "rehearse", "front")
"""Steps in which Docker Compose is at work for long enough to be left behind by a kill."""
Point = tuple[str, str]


@pytest.fixture(scope="module")
def installs(world: World, folder: Path) -> Iterator[list[OldInstall]]:
    """Hosts beside each other, each with a Moonfire of its own; the first is one of units."""
    made: list[OldInstall] = [OldHouse(world, folder / "killed0", "killed0", 9)]
    for number in range(1, 5):
        name = f"killed{number}"
        made.append(OldInstall(world, folder / name, name, 30 + number))
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
        assert install.running() == install.running_before, point
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
    """Kill the way back at every point too; at its end all is as before the move."""
    cells = []
    for point in points:
        watch = Stopwatch()
        killed(install, point, "rollback")
        cells.append(Cell("killed on the way back", point, watch.seconds))
    install.nvrstack("resume")
    assert install.running() == install.running_before
    wait_until("a recording", install.records, seconds=RECORDING_AGAIN)
    return cells


def points_of(install: OldInstall, folder: Path) -> tuple[list[Point], list[Point]]:
    """Move there and back, undisturbed; tell where both are to be killed."""
    before, there, back = install.fingerprint(), folder / "there", folder / "back"
    install.nvrstack("run", "--count", str(there))
    install.nvrstack("rollback", "--count", str(back))
    assert install.fingerprint() == before
    counted, undone = (json.loads(file.read_text()) for file in (there, back))
    ids = [step.id for step in steps(install.move())]
    assert list(counted["seconds"]) == ids
    forward: list[Point] = []
    for step in ids:
        at_work = counted["seconds"][step] > LONG_SECONDS and step in WITH_PROGRAMS
        middle = "program" if at_work else str(counted["acts"][step] // 2 + 1)
        forward += [(step, middle), (step, "after")]
    acts = undone["acts"]
    steps_back = [step for step in reversed(ids) if acts.get(step, 0) > 1]
    return forward, [(step, str(acts[step] // 2 + 1)) for step in steps_back]


@dataclass(frozen=True)
class Points:
    """Where a move of each kind is killed on its way there, and on its way back."""

    there: list[Point]
    back: list[Point]
    there_of_units: list[Point]
    back_of_units: list[Point]


@pytest.fixture(scope="module")
def points(installs: list[OldInstall], tmp_path_factory: pytest.TempPathFactory) -> Points:
    """Every step of a container's move, and those that only a move of units has."""
    house, first, *_ = installs
    folders = [tmp_path_factory.mktemp(name) for name in ("house", "first")]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(points_of, (house, first), folders))
    (of_house, back_of_house), (there, back) = found
    known = {step for step, _ in there}
    assert {step for step, _ in of_house} - known == {"renewals", "ddclient", "nginx"}
    own = {step for step, _ in of_house if step not in known or step == "takeover"}
    return Points(
        there,
        back,
        [point for point in of_house if point[0] in own],
        [point for point in back_of_house if point[0] in own],
    )


def test_whatever_is_killed_ends_right(
    installs: list[OldInstall], points: Points, figures: dict[str, str]
) -> None:
    house, first, *others = installs

    def of_containers() -> list[Cell]:
        return [*gone_on(first, points.there), *back_by_pieces(first, points.back)]

    def of_units() -> list[Cell]:
        there = gone_on(house, points.there_of_units)
        back = back_by_pieces(house, points.back_of_units)
        return [*there, *back, *gone_back(house, points.there_of_units)]

    watch = Stopwatch()
    with ThreadPoolExecutor(len(installs)) as pool:
        work = [pool.submit(of_containers), pool.submit(of_units)]
        for number, install in enumerate(others):
            share = points.there[number :: len(others)]
            work.append(pool.submit(gone_back, install, share))
        cells = [cell for part in work for cell in part.result()]
    for way in ("resume", "rollback"):
        there = {cell.point for cell in cells if cell.way == way}
        assert there == {*points.there, *points.there_of_units}, way
    slowest = max(cell.seconds for cell in cells if cell.way == "rollback")
    figures["kill -9 in the middle of and after every step"] = (
        f"{len(cells)} of {len(cells)} right in {watch.seconds:.0f} s; "
        f"slowest way back {slowest:.1f} s"
    )


def test_after_a_power_cut_somebody_records(
    installs: list[OldInstall], points: Points, bed: Bed, figures: dict[str, str]
) -> None:
    """In the middle of the change from one to the other, there and back again."""
    install = installs[1]
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

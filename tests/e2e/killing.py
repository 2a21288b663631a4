"""A move that is killed at one point after the other, there and back."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nvrstack.migration.plan.steps import steps
from tests.e2e.old_install import OldInstall
from tests.e2e.waiting import Stopwatch, wait_until

RECORDING_AGAIN = 20.0
"""Seconds within which either Moonfire records after a kill, without anybody's help."""
LONG_SECONDS = 0.5
WITH_PROGRAMS = ("images", "rehearse", "front")
"""Steps in which Docker Compose is at work for long enough to be left behind by a kill."""
Point = tuple[str, str]
"""A step, and where in it, as the driver of moves takes it."""


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


@dataclass(frozen=True)
class Points:
    """Where a move is killed on its way there, and on its way back."""

    there: list[Point]
    back: list[Point]


def points_of(install: OldInstall, folder: Path) -> Points:
    """Move there and back, undisturbed; tell where both are to be killed."""
    before, there, back = install.fingerprint(), folder / "there", folder / "back"
    install.nvrstack("run", "--count", str(there))
    install.nvrstack("rollback", "--count", str(back))
    assert install.fingerprint() == before
    return counted_points(install, there, back)


def counted_points(install: OldInstall, there: Path, back: Path) -> Points:
    """Tell where a move and its way back are to be killed, from how many acts each step had."""
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
    return Points(forward, [(step, str(acts[step] // 2 + 1)) for step in steps_back])

"""Two ways side by side, run in turn, so that a machine's moods meet both."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Measure = Callable[[], float]
"""Does something once and tells its seconds."""


@dataclass(frozen=True)
class Pair:
    """What was measured of two ways, in seconds, in the order of the runs."""

    what: str
    beside: str
    ours: tuple[float, ...]
    other: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times as long ours took, run by run."""
        return tuple(mine / its for mine, its in zip(self.ours, self.other, strict=True))

    @property
    def row(self) -> tuple[str, ...]:
        """What and beside what, both medians, and the ratio's median, smallest and largest."""
        middle = statistics.median
        low, high = min(self.ratios), max(self.ratios)
        return (
            self.what,
            f"{middle(self.ours):.3f} s",
            self.beside,
            f"{middle(self.other):.3f} s",
            f"{middle(self.ratios):.2f} ({low:.2f} to {high:.2f})",
        )


def pair(
    what: str, ours: Measure, beside: str, other: Measure, *, runs: int, warm_up: int = 1
) -> Pair:
    """Measure two ways in turn; the runs of the warm-up do not count."""
    measured = [(ours(), other()) for _ in range(warm_up + runs)][warm_up:]
    mine, its = zip(*measured, strict=True)
    return Pair(what, beside, mine, its)


def program(command: Sequence[str | Path], *, cwd: Path | None = None) -> Measure:
    """The seconds from a program's start to its end. Raises CalledProcessError when it fails."""

    def measure() -> float:
        began = time.perf_counter()
        subprocess.run(
            command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, timeout=600, check=True
        )
        return time.perf_counter() - began

    return measure

"""What `make bench` measures, and each of its suites but the one that needs an engine."""

import subprocess
import sys
from itertools import count

from tests.bed.paths import TESTS
from tests.bench.pairs import pair


def test_both_ways_are_run_in_turn_and_compared_run_by_run() -> None:
    order: list[str] = []
    clock = count(1)

    def ours() -> float:
        order.append("ours")
        return next(clock) * 2.0

    def other() -> float:
        order.append("other")
        return next(clock) * 1.0

    found = pair("a", ours, "b", other, runs=2)
    assert order == ["ours", "other"] * 3
    assert (found.ours, found.other) == ((6.0, 10.0), (4.0, 6.0))
    assert found.row == ("a", "8.000 s", "b", "5.000 s", "1.58 (1.50 to 1.67)")


def test_the_suites_without_an_engine_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--runs", "1", "start", "rendering"],
        cwd=TESTS.parent, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for what in ("nvrstack --version", "nvrstack --help", "render --check", "migrate plan"):
        assert what in done.stdout


def test_an_unknown_suite_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "speed"],
        cwd=TESTS.parent, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "speed is none of start, rendering, gap" in done.stderr

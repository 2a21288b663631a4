"""How soon the command line answers, beside Python's own start."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.bench.pairs import Pair, pair, program
from tests.e2e.project import NVRSTACK


def pairs(runs: int) -> Iterator[Pair]:
    """The version and the help, which are short and so want more runs."""
    python = program([sys.executable, "-c", "pass"])
    for option in ("--version", "--help"):
        ours = program([NVRSTACK, option])
        yield pair(f"nvrstack {option}", ours, "python -c pass", python, runs=4 * runs)

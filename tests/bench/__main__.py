"""`python -m tests.bench [start] [rendering] [gap]`: all of them, unless some are named."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.bench import gap, rendering, start
from tests.bench.pairs import Pair

SUITES: Final[dict[str, Callable[[int], Iterable[Pair]]]] = {
    "start": start.pairs,
    "rendering": rendering.pairs,
    "gap": gap.pairs,
}


def main() -> None:
    """Measure, then print a table: both ways' medians, and the ratio of the two, run by run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("suites", nargs="*", help=", ".join(SUITES))
    parser.add_argument("--runs", type=int, default=5, help="how often; 5 unless told")
    given = parser.parse_args()
    chosen = given.suites or list(SUITES)
    for name in chosen:
        if name not in SUITES:
            parser.error(f"{name} is none of {', '.join(SUITES)}")
    table = Table("what", "median", "beside", "median", "ratio")
    for name in chosen:
        for pair in SUITES[name](given.runs):
            table.add_row(*pair.row)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()

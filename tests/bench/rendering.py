"""How a check grows with the settings, and a plan with the script that it reads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.pairs import Measure, Pair, pair, program
from tests.e2e.project import NVRSTACK
from tests.unit.host_trees import host, put
from tests.unit.nvr_shapes import BASE, HOST, NAMED, script

SETTINGS = (
    "site.domain=nvr.example.com",
    "moonfire.timezone=Etc/UTC",
    "moonfire.state_dir=data/moonfire",
)
SITES = 30
LINES = 3000
SAMPLES = "--mount=type=bind,source=/media/nvr,destination=/media/nvr"


def pairs(runs: int) -> Iterator[Pair]:
    """Settings with and without further sites, scripts with and without many lines."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (checked(Path(folder) / f"sites{n}", n) for n in (0, SITES))
        yield pair(
            f"render --check, {SITES} further sites", many, "no further sites", few, runs=runs
        )
        short, long = (planned(Path(folder) / f"lines{n}", n) for n in (0, LINES))
        yield pair(f"migrate plan, nvr + {LINES} lines", long, "nvr as it came", short, runs=runs)


def checked(project: Path, sites: int) -> Measure:
    """Render a project with so many further sites, and measure a check of it."""
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    program([NVRSTACK, "init", project, "--yes", "--stack", "router-ddns", *settings])()
    with (project / "nvrstack.toml").open("a") as file:
        for n in range(sites):
            upstream = f'upstream = "http://192.168.1.{n + 2}:8080"'
            file.write(f'\n[[sites]]\ndomain = "site{n}.example.com"\n{upstream}\n')
    program([NVRSTACK, "--project", project, "render", "--yes"])()
    return program([NVRSTACK, "--project", project, "render", "--check"])


def planned(root: Path, lines: int) -> Measure:
    """Lay out a host whose script has so many further lines, and measure its plan."""
    more = "".join(f'note{n}="line {n} of many"\n' for n in range(lines))
    put(host(root), "/usr/local/bin/nvr", script((*BASE, SAMPLES, HOST), NAMED, head=more))
    project = root.with_name(f"{root.name}-project")
    return program([NVRSTACK, "migrate", "plan", project, "--root", root, "--no-docker"])

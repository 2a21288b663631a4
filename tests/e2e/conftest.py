"""The bed, the world around it, and the stacks that several modules look at."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bed import bed as test_bed
from tests.bed.bed import Bed
from tests.bed.lock import lock
from tests.e2e.again import PAST
from tests.e2e.first_light import FirstLight, watch_first_light
from tests.e2e.project import Project
from tests.e2e.projects import Projects
from tests.e2e.world import World

FIGURES = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = {}


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what was measured."""
    for what, value in config.stash[FIGURES].items():
        terminalreporter.write_line(f"measured: {what}: {value}")


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> dict[str, str]:
    """What was measured, printed at the end of the run."""
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session")
def bed() -> Iterator[Bed]:
    """The test bed. It stays up for the next run, unless it is told to go."""
    with lock("e2e"):
        yield test_bed.up()
        if os.environ.get("NVRSTACK_BED_DOWN") == "1" or os.environ.get("CI") == "true":
            test_bed.down()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A directory that others than root may walk into, as a home is one."""
    path = Path(tempfile.mkdtemp(prefix="nvrstack-e2e-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def world(bed: Bed, folder: Path) -> Iterator[World]:
    """The Internet. Its certificate authority is not there before `first_light` has begun."""
    remove_leftovers(bed)
    outside = World(bed, folder / "world")
    outside.open()
    yield outside
    outside.close()


def remove_leftovers(bed: Bed) -> None:
    """Remove what a run that was killed has left on the bed's own engine, or an `init` by hand."""
    with contextlib.suppress(OSError):
        # Moonfire's usual directory is the default of `nvrstack init` where it is there.
        Path("/var/lib/moonfire-nvr").rmdir()
    for rule in (["--flush", "DOCKER-USER"], ["--append", "DOCKER-USER", "--jump", "RETURN"]):
        bed.run(["iptables", *rule], bed.engine_netns, timeout=20)
    left = bed.docker("ps", "--all", "--quiet").stdout.split()
    if left:
        bed.docker("rm", "--force", "--volumes", *left)
    bed.docker("network", "prune", "--force")


@pytest.fixture(scope="session")
def shared(world: World, folder: Path) -> Iterator[Projects]:
    """The projects that several modules look at."""
    projects = Projects(world, folder)
    yield projects
    projects.remove()


@pytest.fixture(scope="module")
def projects(world: World, folder: Path) -> Iterator[Projects]:
    """The projects of one module."""
    own = Projects(world, folder)
    yield own
    own.remove()


@pytest.fixture(scope="session")
def first_light(shared: Projects, figures: dict[str, str]) -> FirstLight:
    """The public stack, and what was seen of it from `init` to its certificate."""
    seen = watch_first_light(shared.new("public", "nvr"))
    figures.update(seen.figures)
    return seen


@pytest.fixture(scope="session")
def public(first_light: FirstLight) -> Project:
    """The public stack, with the authority's certificate. To be looked at, not to be changed."""
    return first_light.project


@pytest.fixture(scope="session")
def lan(shared: Projects) -> Project:
    """The LAN stack, with no limit to signing in that a test could reach."""
    project = shared.new("lan", "home", 11, settings={"access.login_rate": "6000"})
    project.init()
    project.add_camera(*PAST)
    project.up()
    return project

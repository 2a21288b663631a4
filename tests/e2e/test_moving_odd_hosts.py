"""Old installs that are not as upstream's guides leave them: the move, and its way back."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.old_install import OldInstall
from tests.e2e.waiting import wait_until
from tests.e2e.world import World

RECORDING_AGAIN = 20.0
"""Seconds within which one of the two records after a kill, without anybody's help."""


@contextmanager
def made(install: OldInstall) -> Iterator[OldInstall]:
    try:
        install.make()
        yield install
    finally:
        install.remove()


def containers_of(install: OldInstall, project: str) -> list[str]:
    form = ("--all", "--format", "{{.Names}}", "--filter")
    label = f"label=com.docker.compose.project={project}"
    return install.world.bed.docker("ps", *form, label).stdout.split()


@pytest.mark.standin
def test_an_old_one_that_nobody_starts_again_comes_back_wherever_the_way_back_is_cut(
    world: World, folder: Path
) -> None:
    with made(OldInstall(world, folder / "plain", "plain", 47, restart="no")) as install:
        before, counted = install.fingerprint(), folder / "counted"
        # Longer than the old one takes to find that its database is taken.
        slow = "services: {moonfire-nvr: {environment: {STANDIN_STOP_SECONDS: 2}}}"
        move = install.move(override=slow)
        install.nvrstack("run", move=move)
        install.nvrstack("rollback", "--count", str(counted))
        assert install.fingerprint() == before
        acts = json.loads(counted.read_text())["acts"]["takeover"]
        assert acts > 3
        install.nvrstack("run", move=move)
        for act in range(1, acts + 1):
            done = install.nvrstack("rollback", "--kill", f"takeover:{act}", check=False)
            if done.returncode != -signal.SIGKILL:
                # What is left to undo has fewer acts by now.
                break
            wait_until(f"a recording after act {act}", install.records, seconds=RECORDING_AGAIN)
        install.nvrstack("rollback")
        assert install.fingerprint() == before
        assert install.running() == [install.old_name]
        wait_until("a recording", install.records, seconds=10)


def test_a_compose_project_of_the_same_name_is_not_replaced(world: World, folder: Path) -> None:
    with made(OldInstall(world, folder / "same", "same", 48, shape="compose")) as install:
        before, move = install.fingerprint(), install.move()
        settings = move.settings.replace('name = "same"', 'name = "old-same"')
        assert settings != move.settings
        done = install.nvrstack("run", move=install.move(settings=settings), check=False)
        assert done.returncode == 3, done
        assert f"{install.old_name} belong" in done.stderr
        assert "--set project.name=NAME" in done.stderr
        assert install.fingerprint() == before
        assert install.running() == [install.old_name]


def test_a_project_whose_compose_files_are_broken_goes_away_all_the_same(
    world: World, folder: Path
) -> None:
    with made(OldInstall(world, folder / "broken", "broken", 49)) as install:
        before = install.fingerprint()
        install.nvrstack("run")
        assert len(containers_of(install, "broken")) > 1
        (install.project / "compose.override.yaml").write_text("services: [")
        install.nvrstack("rollback")
        assert containers_of(install, "broken") == []
        assert install.fingerprint() == before
        assert install.running() == [install.old_name]
        wait_until("a recording", install.records, seconds=10)

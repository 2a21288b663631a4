"""A move from each kind of install, on the real engine: what its owner has before and after."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from nvrstack.migration.execution.stored_move import journal_of
from nvrstack.migration.plan.move import Move
from tests.bed.bed import Bed
from tests.bed.process import Done
from tests.e2e.adversity import fill, small_disk, squatter
from tests.e2e.old_install import LOST_SECONDS, OldInstall
from tests.e2e.waiting import BUSY, wait_until
from tests.e2e.world import World

SHAPES: Mapping[str, Mapping[str, Any]] = {
    "script, host network": {},
    "script, published port": {"network": "--publish=198.51.100.42:8080:8080"},
    "bare container": {"shape": "container"},
    "compose file": {"shape": "compose"},
}
BACK_SECONDS = 30.0
"""The longest time without recording that any failure may cost."""


@pytest.fixture(scope="module")
def installs(world: World, folder: Path) -> Iterator[list[OldInstall]]:
    """One of each kind."""
    made = [
        OldInstall(world, folder / f"shape{n}", f"shape{n}", 41 + n, **options)
        for n, options in enumerate(SHAPES.values())
    ]
    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda install: install.make(), made))
        yield made
    finally:
        for install in made:
            install.remove()


@pytest.fixture(params=list(SHAPES)[1:])
def install(request: pytest.FixtureRequest, installs: list[OldInstall]) -> OldInstall:
    """One of them; the first one moves without coming back."""
    return installs[list(SHAPES).index(request.param)]


def assert_moved(install: OldInstall) -> None:
    """The new system works, and nothing of the old one was lost."""
    assert install.running() == [install.new_name]
    assert install.served_serial() == install.serial
    assert install.status("/") == 200
    assert install.status("/api/") == 401
    assert install.not_fine() == {}
    wait_until("a recording", install.records, seconds=30)


def move_measured(install: OldInstall, figures: dict[str, str]) -> None:
    """Move; nobody records for about as long as a plain stop and start takes."""
    files, plain = install.files(), install.plain_restart()
    began = time.time()
    told = json.loads(install.nvrstack("run", "--json").stdout)
    gap = install.longest_gap(began)
    assert told["phase"] == "moved"
    assert {step["state"] for step in told["steps"]} == {"done"}
    assert any("Without recording for" in note for note in told["notes"])
    assert_moved(install)
    figures[f"without recording, {install.shape} {install.network}"] = (
        f"{gap:.1f} s by the move, {plain:.1f} s by a plain stop and start"
    )
    assert gap < 2 * plain + 5 + LOST_SECONDS
    samples = {path: what for path, what in files.items() if path.startswith(str(install.samples))}
    assert samples
    assert samples.items() <= install.files().items()


def test_a_move_and_back(install: OldInstall, figures: dict[str, str]) -> None:
    before = install.fingerprint()
    move_measured(install, figures)
    old = install.world.bed.docker("inspect", f"{install.old_name}-before-nvrstack").stdout
    assert json.loads(old)[0]["HostConfig"]["RestartPolicy"]["Name"] == "no"
    again = install.nvrstack("run")
    assert "was moved already" in again.stdout

    install.nvrstack("rollback")
    assert install.fingerprint() == before
    assert install.running() == [install.old_name]
    wait_until("a recording", install.records, seconds=30)


@pytest.fixture(scope="module")
def moved(installs: list[OldInstall], figures: dict[str, str]) -> OldInstall:
    """The script's install, moved."""
    move_measured(installs[0], figures)
    return installs[0]


def test_the_habits_of_the_nvr_command(moved: OldInstall) -> None:
    logs = moved.nvr("logs", "--tail", "100")
    assert "Ready to serve HTTP requests" in logs.stdout + logs.stderr
    assert "v0.7.30" in moved.nvr("--version").stdout
    refused = moved.nvr("check", check=False)
    assert refused.returncode == 1
    assert "unable to get exclusive lock" in refused.stdout + refused.stderr
    moved.nvr("stop")
    assert moved.running() == []
    assert moved.nvr("check").returncode == 0
    moved.nvr("start")
    assert moved.running() == [moved.new_name]
    # Who is told to stop before it listens for that does not hear it, as the first process.
    wait_until("Moonfire's page", lambda: moved.status("/") == 200, seconds=20)
    moved.nvr("stop")
    moved.nvr("rm")
    gone = moved.nvr("logs", check=False)
    assert gone.returncode == 1
    assert "nvr run" in gone.stderr
    moved.nvr("run")
    wait_until("Moonfire's page", lambda: moved.status("/") == 200, seconds=20)
    flags = moved.nvr("run", "--http-addr=0.0.0.0:8080", check=False)
    assert flags.returncode == 2
    assert "moonfire-nvr.toml" in flags.stderr


def test_the_settings_of_the_owner_are_an_edit_that_a_render_keeps(moved: OldInstall) -> None:
    config = moved.project / "moonfire/moonfire-nvr.toml"
    assert "workerThreads = 2" in config.read_text()
    told = moved.render("--check", "--json")
    assert told.returncode == 0, told
    kept = [change for change in json.loads(told.stdout)["changes"] if change["kind"] == "keep"]
    assert [change["path"] for change in kept] == ["moonfire/moonfire-nvr.toml"]


def test_private_things_are_private(moved: OldInstall) -> None:
    own = moved.project / ".nvrstack/move"
    assert own.stat().st_mode & 0o077 == 0
    for path in (own / "move.json", own / "found/database/db", moved.project / ".nvrstack/journal"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_what_is_finished_has_no_way_back(moved: OldInstall) -> None:
    told = json.loads(moved.nvrstack("status", "--json").stdout)
    assert (told["phase"], told["busy"]) == ("moved", False)
    moved.nvr("stop")
    early = moved.nvrstack("finish", check=False)
    assert early.returncode == 3
    assert "the old system is kept" in early.stderr
    moved.nvr("start")
    wait_until("Moonfire's page", lambda: moved.status("/") == 200, seconds=20)
    # As if it had been cut short just before it removes the container.
    journal_of(moved.project).write("finished")
    moved.nvrstack("finish")
    names = moved.world.bed.docker("ps", "--all", "--format", "{{.Names}}").stdout.split()
    assert f"{moved.old_name}-before-nvrstack" not in names
    assert "finished already" in moved.nvrstack("finish").stdout
    refused = moved.nvrstack("rollback", check=False)
    assert refused.returncode == 2
    assert "the old system was given up" in refused.stderr
    assert_moved(moved)


def faulty(install: OldInstall, fault: str) -> Move:
    """A move with something wrong in it."""
    move = install.move()
    if fault == "an image that is nowhere":
        settings = f'{move.settings}\n[images]\nnginx = "nginx:none-such"\n'
        return replace(move, settings=settings)
    if fault == "a configuration that Moonfire refuses":
        return replace(move, moonfire_config=f"noSuchKey = 1\n{move.moonfire_config}")
    if fault == "a directory for recordings that is not mounted":
        line = f'sample_dirs = ["{install.samples}"]\n'
        assert line in move.settings
        return replace(move, settings=move.settings.replace(line, ""))
    anybody = "allowUnauthenticatedPermissions = { viewVideo = true }\n"
    trust = "trustForwardHeaders = true\n"
    config = move.moonfire_config.replace(trust, trust + anybody)
    return replace(move, moonfire_config=config)


FAULTS = {
    "an image that is nowhere": (3, "the images cannot be had"),
    "a configuration that Moonfire refuses": (3, "unknown field `noSuchKey`"),
    "a directory for recordings that is not mounted": (3, "Failed to open dir"),
    "a page that anybody may look at": (1, "/api/ answers 200"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_move_that_fails_is_taken_back(
    fault: str, installs: list[OldInstall], figures: dict[str, str]
) -> None:
    install = installs[2]
    before, began = install.fingerprint(), time.time()
    done = install.nvrstack("run", move=faulty(install, fault), check=False)
    gap = assert_taken_back(install, before, done, began)
    code, words = FAULTS[fault]
    assert done.returncode == code
    assert words in done.stderr
    figures[f"without recording, {fault}"] = f"{gap:.1f} s"


def assert_taken_back(
    install: OldInstall, before: Mapping[str, Any], done: Done, began: float
) -> float:
    """The old system is as before; tell for how many seconds nobody recorded since `began`."""
    assert "the old system is back, as it was before" in done.stderr, done
    assert "Traceback" not in done.stderr
    assert install.fingerprint() == before
    assert install.running() == [install.old_name]
    wait_until("a recording", install.records, seconds=30)
    assert json.loads(install.nvrstack("status", "--json").stdout)["phase"] == "back"
    gap = install.longest_gap(began)
    assert gap < BACK_SECONDS * BUSY + LOST_SECONDS
    return gap


def test_a_taken_port_is_told_before_anything_changes(installs: list[OldInstall]) -> None:
    install = installs[2]
    before = install.fingerprint()
    with squatter(install, 80):
        done = install.nvrstack("run", check=False)
    assert done.returncode == 3
    assert "port 80 is taken by python3" in done.stderr
    assert "nothing was changed" in done.stderr
    assert install.fingerprint() == before
    assert json.loads(install.nvrstack("status", "--json").stdout)["phase"] == "back"


def test_a_port_that_is_taken_meanwhile(
    installs: list[OldInstall], figures: dict[str, str]
) -> None:
    install = installs[2]
    before, began = install.fingerprint(), time.time()
    with install.begun() as running:
        install.wait_for_step("rehearse")
        with squatter(install, 80):
            done = running()
    gap = assert_taken_back(install, before, done, began)
    figures["without recording, a port taken meanwhile"] = f"{gap:.1f} s"
    assert done.returncode == 3


def test_a_second_move_beside_the_first(installs: list[OldInstall]) -> None:
    install = installs[2]
    before = install.fingerprint()
    with install.begun() as running:
        install.wait_for_step("images")
        for what in ("run", "resume", "rollback"):
            second = install.nvrstack(what, check=False)
            assert second.returncode in (2, 3), second
        assert json.loads(install.nvrstack("status", "--json").stdout)["busy"] is True
        assert running().returncode == 0
    assert_moved(install)
    install.nvrstack("rollback")
    assert install.fingerprint() == before


def test_a_disk_that_is_full_in_the_middle(
    installs: list[OldInstall], figures: dict[str, str]
) -> None:
    """The copy of the database finds no room, at a moment when nobody records."""
    install = installs[2]
    before, began = install.fingerprint(), time.time()
    with small_disk(install) as disk:
        move = install.move(project=PurePosixPath(install.disk / "project"))
        with install.begun(move) as running:
            install.wait_for_step("front", disk / "project")
            fill(disk)
            done = running()
    assert done.returncode == 3, done
    assert "Traceback" not in done.stderr
    # By ourselves, or by SQLite where the new Moonfire was quicker to have the database.
    assert re.search("found/database.*(No space left on device|disk is full)", done.stderr), done
    assert install.fingerprint() == before
    assert install.running() == [install.old_name]
    wait_until("a recording", install.records, seconds=30)
    gap = install.longest_gap(began)
    figures["without recording, a full disk"] = f"{gap:.1f} s"
    assert gap < BACK_SECONDS * BUSY + LOST_SECONDS


def test_an_engine_that_ends_in_the_middle(
    installs: list[OldInstall], bed: Bed, figures: dict[str, str]
) -> None:
    """Just when the old Moonfire stops: the new one is the engine's to start by then."""
    install = installs[3]
    before, began = install.fingerprint(), time.time()
    with install.begun() as running:
        install.wait_for_step("takeover")
        bed.cut_power()
        down = time.time()
        bed.start_engine()
        done = running()
    gap = assert_taken_back(install, before, done, began)
    figures["without recording, an engine that ends"] = f"{gap:.1f} s"
    figures["from the engine's end to the next recording"] = (
        f"{min(one.start for one in install.recorder.finished() if one.start > down) - down:.1f} s"
    )

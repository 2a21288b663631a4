"""A way back to an old system that cannot start any more: the new one goes on recording."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.bed.process import Done
from tests.e2e.old_install import LOST_SECONDS, OldInstall
from tests.e2e.test_moving import BACK_SECONDS
from tests.e2e.waiting import BUSY, wait_until
from tests.e2e.world import World


@pytest.fixture
def install(world: World, folder: Path) -> Iterator[OldInstall]:
    """A fresh one for each test, for each loses something."""
    found = OldInstall(world, folder / "lost", "lost", 46, shape="compose")
    try:
        found.make()
        yield found
    finally:
        found.remove()


def phase(install: OldInstall) -> str:
    return str(json.loads(install.nvrstack("status", "--json").stdout)["phase"])


def identity(install: OldInstall) -> str:
    """The old container's id, whatever it is called by now."""
    by_name = ("--filter", f"name={install.old_name}")
    return install.world.bed.docker("ps", "--all", "--quiet", *by_name).stdout.strip()


def assert_new_records(install: OldInstall, began: float) -> None:
    """The new one does, and at no time did nobody for long."""
    wait_until("the new one alone", lambda: install.running() == [install.new_name], seconds=60)
    wait_until("its page", lambda: install.served_serial() == install.serial, seconds=30, every=0.5)
    wait_until("a recording", install.records, seconds=30)
    # The one before may have recorded for too short a time to have finished anything.
    assert install.longest_gap(began, before=0.0) < BACK_SECONDS * BUSY + LOST_SECONDS


def assert_refused(done: Done, *words: str) -> None:
    assert done.returncode == 3, done
    assert "Traceback" not in done.stderr
    for word in (*words, "there is no way back to the old system"):
        assert word in done.stderr, done


def test_a_container_that_was_pruned(install: OldInstall) -> None:
    install.nvrstack("run")
    kept = f"{install.old_name}-before-nvrstack"
    assert kept in install.nvrstack("status").stdout
    began = time.time()
    install.world.bed.docker("container", "prune", "--force")
    done = install.nvrstack("rollback", check=False)
    assert_refused(
        done, f"the old container {kept} is gone", "nothing was changed", "migrate finish"
    )
    assert phase(install) == "moved"
    assert_new_records(install, began)
    install.nvrstack("finish")
    assert phase(install) == "finished"


def test_a_network_that_was_pruned_and_made_again(install: OldInstall) -> None:
    before, bed, began = install.fingerprint(), install.world.bed, time.time()
    install.nvrstack("run")
    network = f"old-{install.name}_default"
    bed.docker("network", "prune", "--force")
    done = install.nvrstack("rollback", check=False)
    assert_refused(done, f"network {network} is gone", "nothing was changed")
    assert_new_records(install, began)
    # What the hint says.
    kept = f"{install.old_name}-before-nvrstack"
    commands = [line.strip() for line in done.stderr.splitlines() if "docker network" in line]
    assert commands
    for command in commands:
        bed.docker(*command.removeprefix("docker ").split())
    assert kept in " ".join(commands)
    install.nvrstack("rollback")
    assert install.fingerprint() == before
    assert install.running() == [install.old_name]
    wait_until("a recording", install.records, seconds=30)


def test_a_database_that_a_later_moonfire_upgraded(install: OldInstall) -> None:
    install.nvrstack("run")
    began = time.time()
    bed = install.world.bed
    bed.docker("stop", install.new_name)
    with closing(sqlite3.connect(install.state / "db/db")) as connection, connection:
        connection.execute("insert into version (id, unix_time, notes) values (8, 0, 'later')")
    done = install.nvrstack("rollback", check=False)
    assert_refused(done, "from schema 7 to 8 after the move", "0.7.30 cannot open it")
    with closing(sqlite3.connect(install.state / "db/db")) as connection, connection:
        connection.execute("delete from version where id = 8")
    bed.docker("start", install.new_name)
    assert_new_records(install, began)
    install.nvrstack("rollback")
    assert install.running() == [install.old_name]


def test_an_old_one_that_is_there_and_does_not_start(install: OldInstall) -> None:
    """Its configuration was spoilt since; once mended, the way back is free."""
    before, config = install.fingerprint(), install.config.read_bytes()
    status = install.config.stat()
    install.nvrstack("run")
    began = time.time()
    install.config.write_text("noSuchKey = 1\n")
    done = install.nvrstack("rollback", check=False)
    assert done.returncode == 3, done
    assert "the old Moonfire does not start again" in done.stderr
    assert "the new one records again" in done.stderr
    assert_new_records(install, began)
    told = json.loads(install.nvrstack("status", "--json").stdout)
    assert told["phase"] == "forward"
    assert "does not start again" in told["failure"]
    install.nvrstack("resume")
    assert phase(install) == "moved"
    install.config.write_bytes(config)
    os.utime(install.config, ns=(status.st_atime_ns, status.st_mtime_ns))
    install.nvrstack("rollback")
    assert install.fingerprint() == before
    assert install.running() == [install.old_name]


def test_where_neither_starts_the_one_that_is_mended_comes_back(install: OldInstall) -> None:
    before, config = install.fingerprint(), install.config.read_bytes()
    status = install.config.stat()
    install.nvrstack("run")
    new = install.project / "moonfire/moonfire-nvr.toml"
    for file in (install.config, new):
        file.write_text("noSuchKey = 1\n")
    done = install.nvrstack("rollback", check=False)
    assert done.returncode == 3, done
    assert "nor does the new one" in done.stderr
    assert phase(install) == "backward"
    install.config.write_bytes(config)
    os.utime(install.config, ns=(status.st_atime_ns, status.st_mtime_ns))
    # The engine would try again by itself, but once in a minute at last.
    install.world.bed.docker("restart", install.old_name)
    wait_until("a recording", install.records, seconds=30)
    # The engine starts the new one again and again, which ends each time.
    wait_until(
        "the old one alone", lambda: install.running() == [install.old_name], seconds=60, every=0.1
    )
    install.nvrstack("rollback")
    assert install.fingerprint() == before


@pytest.mark.parametrize("there", ["takeover:2", "rename:after"])
def test_an_old_one_that_is_removed_while_the_move_is_cut_short(
    install: OldInstall, there: str
) -> None:
    began = time.time()
    done = install.nvrstack("run", "--kill", there, check=False)
    assert done.returncode == -signal.SIGKILL, done
    install.world.bed.docker("rm", "--force", identity(install))
    assert_refused(install.nvrstack("rollback", check=False), "is gone", "migrate resume")
    assert_new_records(install, began)
    assert phase(install) == "forward"
    install.nvrstack("resume")
    assert_new_records(install, began)
    assert phase(install) == "moved"


def test_an_old_one_that_is_removed_in_the_middle_of_the_way_back(install: OldInstall) -> None:
    """Just when the new one is gone too."""
    install.nvrstack("run", "--count", str(install.folder / "there"))
    install.nvrstack("rollback", "--count", str(install.folder / "back"))
    acts = json.loads((install.folder / "back").read_text())["acts"]["takeover"]
    install.nvrstack("run")
    began = time.time()
    done = install.nvrstack("rollback", "--kill", f"takeover:{acts - 1}", check=False)
    assert done.returncode == -signal.SIGKILL, done
    bed = install.world.bed
    assert (
        install.new_name not in bed.docker("ps", "--all", "--format", "{{.Names}}").stdout.split()
    )
    bed.docker("rm", "--force", install.old_name)
    assert_refused(install.nvrstack("resume", check=False), "is gone")
    assert_new_records(install, began)
    install.nvrstack("resume")
    assert phase(install) == "moved"
    assert_new_records(install, began)

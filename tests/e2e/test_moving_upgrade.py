"""A move from a Moonfire whose database no present one opens: upgraded on the way, and put back."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nvrstack.migration.plan.steps import steps
from tests.e2e.old_install import OldInstall, described
from tests.e2e.project import NVRSTACK
from tests.e2e.waiting import wait_until
from tests.e2e.world import World

pytestmark = pytest.mark.standin
"""The stand-in plays an old Moonfire."""

STEP = "takeover"


@pytest.fixture(scope="module")
def install(world: World, folder: Path) -> Iterator[OldInstall]:
    found = OldInstall(world, folder / "aged", "aged", 62, version="0.6.7")
    found.make()
    yield found
    found.remove()


def schema(install: OldInstall) -> int:
    """The schema of the database."""
    return asked(install, "select max(id) from version")


def asked(install: OldInstall, query: str) -> int:
    """What the database says, asked of a copy, as a server may have it."""
    copy = install.folder / "copy"
    copy.mkdir(exist_ok=True)
    for file in (install.state / "db").glob("db*"):
        (copy / file.name).write_bytes(file.read_bytes())
    with closing(sqlite3.connect(copy / "db")) as connection:
        (found,) = connection.execute(query).fetchone()
        return int(found)


def as_before(install: OldInstall, before: object) -> None:
    """The old system is back, and records into the database that it knows."""
    assert install.fingerprint() == before
    assert install.running() == [install.old_name]
    began = time.time()
    wait_until("a recording", lambda: install.recorded_after(began), seconds=30)
    assert schema(install) == 6


def test_the_step_says_what_is_lost_on_the_way_back(install: OldInstall) -> None:
    (step,) = [step for step in steps(install.move()) if step.id == STEP]
    assert "upgrade it" in step.title
    assert step.undo is not None
    assert "without what was recorded since" in step.undo


def test_a_failed_proof_puts_the_database_back(install: OldInstall) -> None:
    before = install.fingerprint()
    allowed = "trustForwardHeaders = true\nallowUnauthenticatedPermissions = { viewVideo = true }"
    config = install.move().moonfire_config.replace("trustForwardHeaders = true", allowed)
    done = install.nvrstack("run", move=install.move(moonfire_config=config), check=False)
    assert done.returncode == 1
    assert "the old Moonfire cannot read it" in done.stderr
    as_before(install, before)


KILLS = [(where, "rollback") for where in ("4", "12", "program", "after")]
KILLS += [(where, "resume") for where in ("8", "program")]


@pytest.mark.parametrize(("where", "way"), KILLS)
def test_killed_anywhere_one_of_the_two_records_again(
    install: OldInstall, where: str, way: str
) -> None:
    before = install.fingerprint()
    done = install.nvrstack("run", "--kill", f"{STEP}:{where}", check=False)
    assert done.returncode == -signal.SIGKILL, done
    if way == "resume":
        install.nvrstack("resume")
        assert install.running() == [install.new_name]
        assert (install.status("/"), schema(install)) == (200, 7)
        wait_until("a recording", install.records, seconds=30)
    install.nvrstack("rollback")
    as_before(install, before)


def test_after_a_power_cut_in_the_upgrade_the_old_one_records(install: OldInstall) -> None:
    """The engine, and all that runs, ends while the database is not upgraded yet."""
    bed = install.world.bed
    before = install.fingerprint()
    slow = "services: {moonfire-nvr: {environment: {STANDIN_UPGRADE_SECONDS: 20}}}"
    move = install.move(override=slow)
    # Long enough for the upgrade to have begun.
    install.env["AT_WORK_SECONDS"] = "5"
    done = install.nvrstack("run", "--kill", f"{STEP}:program", move=move, check=False)
    assert done.returncode == -signal.SIGKILL, done
    bed.cut_power()
    bed.start_engine()
    assert schema(install) == 6
    began = time.time()
    wait_until("a recording", lambda: install.recorded_after(began), seconds=60)
    # The new one tries again and again, and ends each time: the database does not suit it.
    assert install.old_name in install.running()
    install.nvrstack("rollback")
    as_before(install, before)


def test_an_old_one_that_does_not_start_leaves_the_upgraded_database(install: OldInstall) -> None:
    """Put back for it in vain, the upgraded one returns with all that came since."""
    before, config, status = (
        install.fingerprint(),
        install.config.read_bytes(),
        install.config.stat(),
    )
    install.nvrstack("run")
    bed = install.world.bed
    bed.docker("stop", install.new_name)
    with closing(sqlite3.connect(install.state / "db/db")) as connection, connection:
        connection.execute("insert into user (username) values ('later')")
    bed.docker("start", install.new_name)
    wait_until("Moonfire's page", lambda: install.status("/") == 200, seconds=20)
    install.config.write_text("noSuchKey = 1\n")
    done = install.nvrstack("rollback", check=False)
    assert done.returncode == 3, done
    assert "the new one records again" in done.stderr
    assert install.running() == [install.new_name]
    assert (install.status("/"), schema(install)) == (200, 7)
    assert asked(install, "select count(*) from user where username = 'later'") == 1
    wait_until("a recording", install.records, seconds=30)
    install.config.write_bytes(config)
    os.utime(install.config, ns=(status.st_atime_ns, status.st_mtime_ns))
    install.nvrstack("rollback")
    as_before(install, before)


def test_it_moves_and_only_a_yes_goes_back(install: OldInstall) -> None:
    meta = described(install.samples / "meta")
    before = install.fingerprint()
    install.since = datetime.now(UTC)
    install.nvrstack("run")
    assert install.running() == [install.new_name]
    assert (install.status("/"), install.status("/api/"), schema(install)) == (200, 401, 7)
    wait_until("a recording", install.records, seconds=30)
    assert described(install.samples / "meta") != meta

    refused = install.world.bed.run(
        [NVRSTACK, "migrate", "rollback"], cwd=install.project, check=False
    )
    assert refused.returncode == 2, refused
    assert install.running() == [install.new_name]
    install.nvrstack("rollback")
    as_before(install, before)

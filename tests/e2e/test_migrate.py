"""`nvrstack migrate` as its owner types it: an old script's container on a real engine moves in."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bed.process import Done, Word
from tests.e2e import client
from tests.e2e.old_install import GID, LOST_SECONDS, OWNER, UID, OldInstall
from tests.e2e.project import FIRST_CLIENT, NVRSTACK
from tests.e2e.waiting import BUSY, wait_until
from tests.e2e.world import World


@pytest.fixture(scope="module")
def install(world: World, folder: Path) -> Iterator[OldInstall]:
    found = OldInstall(world, folder / "typed", "typed", 15)
    found.make()
    (found.folder / "password").write_text(f"{PASSWORD}\n")
    yield found
    found.remove()


PASSWORD = "correct horse 5tapl3"


def migrate(install: OldInstall, *words: str, check: bool = True) -> Done:
    """Type the command, with what only this made-up house needs."""
    settings = {
        "project.name": install.name,
        "site.domain": install.domain,
        "site.bind": install.address,
        "certificate.authority_root": str(install.world.authority_root),
        "certificate.authority": "https://pebble:14000/dir",
        "project.uid": str(OWNER),
        "project.gid": str(OWNER),
    }
    given = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    bed = install.world.bed
    command: list[Word] = [NVRSTACK, "migrate", install.project, "--nvr-script", install.script]
    return bed.run(
        [*command, "--stack", "router-ddns", *given, *words], bed.engine_netns, timeout=240,
        check=check,
    )  # fmt: skip


def ann(install: OldInstall) -> list[str]:
    """Somebody who can sign in; the guide's old default asks nobody."""
    return [
        "--first-user",
        "ann",
        "--secret-file",
        f"first_user_password={install.folder}/password",
    ]


def on(install: OldInstall, *words: str) -> Done:
    """Type a command about the move in its project."""
    bed = install.world.bed
    return bed.run(
        [NVRSTACK, "migrate", *words], bed.engine_netns, cwd=install.project, timeout=240
    )


@pytest.fixture(scope="module")
def plan(install: OldInstall) -> dict[str, Any]:
    before = install.fingerprint()
    done = migrate(install, "plan", "--json", *ann(install))
    assert install.fingerprint() == before
    assert not install.project.exists()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_plan_knows_the_container_that_runs(install: OldInstall, plan: dict[str, Any]) -> None:
    assert plan["blockers"] == []
    found = plan["install"]
    assert found["source"] == "nvr-script"
    assert found["container_name"] == install.old_name
    assert found["version"] == "0.7.30"
    assert found["user"] == {"uid": UID, "gid": GID}
    assert found["network"] == "host"
    assert found["restart"] == "unless-stopped"
    assert {mount["target"] for mount in found["mounts"]} == {
        "/var/lib/moonfire-nvr",
        "/usr/share/zoneinfo",
        "/etc/moonfire-nvr.toml",
        str(install.samples),
    }
    # The script says the same, line by line.
    assert [w for w in plan["warnings"] if w["code"] == "differs"] == []


def test_without_an_account_nothing_is_changed(install: OldInstall) -> None:
    before = install.fingerprint()
    done = migrate(install, "--yes", check=False)
    assert done.returncode == 1
    assert "there is no account in Moonfire" in done.stdout
    assert "--first-user NAME" in done.stdout
    assert (install.fingerprint(), install.project.exists()) == (before, False)


def test_it_moves_and_its_owner_keeps_their_habits(
    install: OldInstall, plan: dict[str, Any], figures: dict[str, str]
) -> None:
    began = time.time()
    done = migrate(install, "--yes", *ann(install))
    assert "Moved into" in done.stdout
    assert "Sign in as ann." in done.stdout
    gap = install.longest_gap(began)
    figures["nvrstack migrate, longest time without recording"] = f"{gap:.2f} s"
    assert gap < 30 * BUSY + LOST_SECONDS
    assert install.running() == [install.new_name]
    assert install.status("/") == 200
    assert install.status("/api/") == 401
    assert "NOT Moonfire" in install.nvr("logs").stdout + install.nvr("logs").stderr
    origin = f"https://{install.domain}"
    bed = install.world.bed
    assert client.log_in(bed, FIRST_CLIENT, origin, install.address, "ann", PASSWORD).status == 204
    assert (install.project / "nvrstack.toml").stat().st_uid == OWNER


def test_a_second_migrate_changes_nothing(install: OldInstall) -> None:
    done = migrate(install, "--yes")
    assert "was moved already; nothing was changed" in done.stdout
    assert install.running() == [install.new_name]


def test_the_way_back_is_open_until_it_is_given_up(install: OldInstall) -> None:
    assert "The old system is kept" in on(install, "status").stdout
    on(install, "rollback", "--yes")
    wait_until("the old one records again", install.records, seconds=20)
    assert install.running() == [install.old_name]
    assert "The old system is back" in on(install, "status").stdout

"""The whole way without root: somebody who may use Docker, and nothing else."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from tests.e2e.first_light import issued
from tests.e2e.ordinary import as_user, docker_group
from tests.e2e.project import ADMIN, ADMIN_PASSWORD, FIRST_CLIENT, Project
from tests.e2e.projects import Projects
from tests.e2e.waiting import Stopwatch, wait_until

UID, NEW_UID = 1234, 1300


@pytest.fixture(scope="module")
def own(projects: Projects, folder: Path) -> Project:
    """A router-ddns project in its owner's home."""
    home = folder / "somebodys-home"
    home.mkdir(mode=0o750)
    os.chown(home, UID, UID)
    projects.world.authority.start()
    project = projects.new(
        "router-ddns",
        "mine",
        12,
        directory=home / "mine",
        as_user=as_user(UID, groups=[docker_group()]),
        env={"HOME": str(home)},
    )
    project.init()
    project.up()
    return project


def test_init_was_not_root(own: Project) -> None:
    prefix = [*own.as_user, "id", "-u"]
    assert own.run(prefix, cwd=own.directory.parent).stdout.strip() == str(UID)
    refused = own.run([*own.as_user, "touch", "/etc/x"], cwd=own.directory, check=False)
    assert refused.returncode != 0


def test_everything_is_in_the_project_and_its_owners(own: Project) -> None:
    settings = tomllib.loads((own.directory / "nvrstack.toml").read_text())
    assert settings["moonfire"]["state_dir"] == "data/moonfire"
    assert (settings["moonfire"]["uid"], settings["project"]["uid"]) == (UID, UID)
    assert (own.directory / "data/moonfire/db/db").is_file()
    owners = {path.lstat().st_uid for path in own.directory.rglob("*")}
    assert owners == {UID}


def test_it_serves(own: Project) -> None:
    wait_until("Moonfire's answer", own.serves, seconds=20)
    assert own.log_in(ADMIN, ADMIN_PASSWORD).status == 204


def test_it_gets_its_certificate(own: Project) -> None:
    wait_until("the authority's certificate", lambda: issued(own), seconds=60)
    root = own.world.issuing_root()
    assert own.request(FIRST_CLIENT, "/api/request", trust=root).status == 200


def test_the_owner_manages_accounts_without_root(own: Project) -> None:
    own.nvrstack("user", "add", "guest", "--password-stdin", input="look at this\n")
    assert own.log_in("guest", "look at this").status == 204
    own.compose("stop", "moonfire-nvr")
    own.nvrstack("user", "rm", "guest")
    own.compose("start", "moonfire-nvr")
    wait_until("Moonfire's answer", own.serves, seconds=20)
    assert own.log_in("guest", "look at this").status == 401


def test_its_owner_cannot_give_it_to_somebody_else(own: Project) -> None:
    """The settings want it, and only root can do it."""
    for key in ("project.uid", "project.gid", "moonfire.uid", "moonfire.gid"):
        own.nvrstack("set", key, str(NEW_UID))
    compose = (own.directory / "compose.yaml").read_bytes()
    done = own.nvrstack("render", "--yes", check=False)
    assert done.returncode == 3
    assert f"run `sudo nvrstack --project {own.directory} render`" in done.stderr
    assert (own.directory / "compose.yaml").read_bytes() == compose


def test_root_gives_it_to_a_new_owner_for_whom_all_goes_on(
    own: Project, figures: dict[str, str]
) -> None:
    told = own.nvrstack("render", "--yes", before=()).stdout
    assert f"the project: given to {NEW_UID}:{NEW_UID}, with everything in it" in told
    assert {path.lstat().st_uid for path in own.directory.rglob("*")} == {NEW_UID}
    watch = Stopwatch()
    own.up()
    wait_until("Moonfire's answer", own.serves, seconds=20)
    figures["from `up -d` with a new owner to Moonfire's answer"] = f"{watch.seconds:.1f} s"
    assert own.log_in(ADMIN, ADMIN_PASSWORD).status == 204, "Moonfire can read its database"
    assert issued(own), "nginx can read the certificate's key"
    assert own.compose("exec", "-T", "certbot", "id", "-u").stdout.strip() == str(NEW_UID)
    own.compose("exec", "-T", "certbot", "test", "-w", "/etc/letsencrypt/archive")
    assert own.nvrstack("render", "--check", before=()).stdout == "Nothing to change.\n"

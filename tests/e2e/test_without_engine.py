"""`init` where no engine answers says what is left to do; doing just that is enough."""

from __future__ import annotations

import json

from tests.e2e.projects import Projects, lines_of_step
from tests.e2e.terminal import typed
from tests.e2e.waiting import wait_until

NAME, PASSWORD = "owner", "correct horse 5tapl3"
NOBODY = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
SUBNETS = ("10.209.77.0/29", "10.209.78.0/29")
"""Chosen by hand: an engine that does not answer cannot tell which ones it uses."""


def test_the_commands_that_init_told_are_enough(projects: Projects) -> None:
    subnet = {"network.backend_subnet": SUBNETS[0]}
    project = projects.new("router-ddns", "alone", 14, secrets={}, env=NOBODY, settings=subnet)
    told = json.loads(project.init("--json").stdout)
    assert told["has_database"] is False
    assert any("docker compose run --rm moonfire-nvr init" in note for note in told["notes"])
    assert not (project.state_dir / "db/db").exists()
    project.env = {}
    assert project.compose("config", "--quiet").stderr == ""

    typed(project, "\n".join(["set -e", *lines_of_step(told, "Start it")]), {})
    assert (project.state_dir / "db/db").is_file()
    wait_until("Moonfire's answer", project.serves, seconds=20)

    (account,) = lines_of_step(told, "Make an account")
    assert "NAME" in account
    answers = {"Password:": PASSWORD, "Repeat": PASSWORD}
    shown = typed(project, account.replace("NAME", NAME), answers)
    assert PASSWORD not in shown
    assert project.log_in(NAME, PASSWORD).status == 204


def test_init_again_completes_it_too(projects: Projects) -> None:
    """Whoever has installed Docker meanwhile may also say `nvrstack init` once more."""
    subnet = {"network.backend_subnet": SUBNETS[1]}
    project = projects.new("lan", "later", 13, secrets={}, env=NOBODY, settings=subnet)
    project.init()
    project.env = {}
    done = project.nvrstack("init", "--json")
    assert json.loads(done.stdout)["has_database"] is True
    project.up()
    wait_until("Moonfire's answer", project.serves, seconds=20)

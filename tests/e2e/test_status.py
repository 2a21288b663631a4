"""`nvrstack status` tells what `docker compose ps` and the certificates show, in one place."""

import json

import pytest

from tests.e2e.first_light import FirstLight, issued
from tests.e2e.project import Project
from tests.e2e.projects import Projects
from tests.e2e.waiting import wait_until


@pytest.fixture(scope="module")
def running(first_light: FirstLight, projects: Projects) -> Project:
    """A project with a certificate of the authority, which is there since `first_light`."""
    assert first_light.project.world.authority.process is not None
    project = projects.new("router-ddns", "status", 14)
    project.init()
    project.up()
    wait_until("the authority's certificate", lambda: issued(project), seconds=90)
    return project


def verdicts(project: Project) -> tuple[int, dict[str, dict[str, str]]]:
    done = project.nvrstack("status", "--json", check=False)
    found = json.loads(done.stdout)["verdicts"]
    return done.returncode, {verdict["about"]: verdict for verdict in found}


def test_everything_is_fine(running: Project) -> None:
    wait_until("its health", lambda: verdicts(running)[1]["nginx"]["text"] == "healthy", seconds=90)
    code, found = verdicts(running)
    assert {about: v for about, v in found.items() if v["level"] != "fine"} == {}
    assert code == 0
    certificate = found[f"certificate {running.domain}"]["text"]
    assert certificate.startswith("valid for 5")
    assert "looked after" in certificate
    shown = running.nvrstack("status").stdout
    assert "minutes more, until " in shown
    assert "as nvrstack.toml says" in shown


def test_a_stopped_service_and_a_changed_setting_are_told(running: Project) -> None:
    running.compose("stop", "--timeout", "2", "certbot")
    running.nvrstack("set", "access.login_rate", "11")
    code, found = verdicts(running)
    assert code == 1
    assert (found["certbot"]["level"], found["certbot"]["text"]) == ("problem", "exited")
    assert found["certbot"]["remedy"] == "docker compose up -d"
    assert "nginx/nginx.conf" in found["files"]["text"]
    # What is told to do mends it.
    running.nvrstack("render", "--yes")
    running.up()
    code, found = verdicts(running)
    assert (code, found["files"]["level"]) == (0, "fine")

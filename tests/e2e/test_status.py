"""`nvrstack status` tells what `docker compose ps` and the certificates show, in one place."""

import json

import pytest

from tests.e2e.first_light import issued
from tests.e2e.project import Project
from tests.e2e.projects import Projects
from tests.e2e.waiting import wait_until


@pytest.fixture(scope="module")
def running(projects: Projects) -> Project:
    """A project with its certificate."""
    project = projects.new("router-ddns", "status", 31)
    project.init()
    project.up()
    wait_until("the authority's certificate", lambda: issued(project), seconds=60)
    return project


def verdicts(project: Project, code: int) -> dict[str, dict[str, str]]:
    done = project.nvrstack("status", "--json", check=False)
    assert done.returncode == code, done
    return {verdict["about"]: verdict for verdict in json.loads(done.stdout)["verdicts"]}


def test_everything_is_fine(running: Project) -> None:
    wait_until("its health", lambda: "healthy" in verdicts(running, 0)["nginx"]["text"], seconds=60)
    found = verdicts(running, 0)
    assert {verdict["level"] for verdict in found.values()} == {"fine"}
    certificate = found[f"certificate {running.domain}"]["text"]
    assert certificate.startswith("valid for 89 days more, until ")
    assert "looked after" in certificate
    shown = running.nvrstack("status").stdout
    assert "valid for 89 days more" in shown
    assert "as nvrstack.toml says" in shown


def test_a_stopped_service_and_a_changed_setting_are_told(running: Project) -> None:
    running.compose("stop", "--timeout", "2", "certbot")
    running.nvrstack("set", "access.login_rate", "11")
    found = verdicts(running, 1)
    assert (found["certbot"]["level"], found["certbot"]["text"]) == ("problem", "exited")
    assert found["certbot"]["remedy"] == "docker compose up -d"
    assert "nginx/nginx.conf" in found["files"]["text"]
    # What is told to do mends it.
    running.nvrstack("render", "--yes")
    running.up()
    assert verdicts(running, 0)["files"]["level"] == "fine"

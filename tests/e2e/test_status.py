"""`nvrstack status` tells what `docker compose ps` and the certificates show, in one place."""

import json
import os
import time

import pexpect
import pytest

from tests.bed.process import heed_interrupts
from tests.e2e.first_light import FirstLight, issued
from tests.e2e.project import NVRSTACK, Project
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
    # Nobody has told Moonfire about a camera.
    assert {about: v["level"] for about, v in found.items() if v["level"] != "fine"} == {
        "recordings": "warning"
    }
    assert code == 0
    certificate = found[f"certificate {running.domain}"]["text"]
    assert certificate.startswith("valid for 5")
    assert "looked after" in certificate
    shown = running.nvrstack("status").stdout
    assert "minutes more, until " in shown
    assert "as nvrstack.toml says" in shown


def test_recordings_are_told_by_directory(running: Project) -> None:
    """The stand-in records nothing, so what Moonfire would leave is put there."""
    directory = running.state_dir / "sample"
    directory.mkdir()
    (directory / "meta").write_bytes(b"\0" * 512)
    (directory / "0000000100000001").write_bytes(b"frames")
    _, found = verdicts(running)
    told = found[f"recordings {directory}"]
    assert told["level"] == "fine"
    assert told["text"].startswith("last one begun less than a minute ago; ")
    hour_ago = time.time() - 3600
    os.utime(directory, (hour_ago, hour_ago))
    code, found = verdicts(running)
    assert (code, found[f"recordings {directory}"]["level"]) == (1, "problem")
    os.utime(directory)


def test_who_watches_sees_it_change_until_they_interrupt(running: Project) -> None:
    screen = pexpect.spawn(
        str(NVRSTACK),
        ["status", "--watch"],
        env={**running.world.bed.env, "TERM": "xterm"},
        cwd=str(running.directory),
        timeout=60,
        encoding="utf-8",
        preexec_fn=heed_interrupts,
    )
    screen.expect_exact("healthy")
    running.compose("stop", "--timeout", "2", "certbot")
    screen.expect_exact("exited")
    running.up()
    screen.sendintr()
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 130


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

"""`nvrstack verify` on the engine: from the host, from elsewhere at home, and what it finds."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.bed.process import Word
from tests.e2e.project import ADMIN, ADMIN_PASSWORD, FIRST_CLIENT, NVRSTACK, Project
from tests.e2e.projects import Projects
from tests.e2e.waiting import wait_until

BACK_DOOR = {"moonfire-nvr": {"ports": ["8080:8080"]}}
Verdicts = Mapping[str, dict[str, str]]


@pytest.fixture(scope="module")
def home(projects: Projects) -> Project:
    project = projects.new("lan", "check", 14)
    project.init()
    up(project)
    return project


def up(project: Project) -> None:
    """Carry the usual remedy out."""
    project.up()
    wait_until("Moonfire's answer", project.serves, seconds=20)


def verdicts(text: str) -> Verdicts:
    """Read what `nvrstack verify --json` printed."""
    return {v["about"]: v for v in json.loads(text)["verdicts"]}


def verify(project: Project) -> Verdicts:
    """Verify on the host, in the project."""
    login = ["--login", ADMIN, "--password-stdin"]
    words: list[Word] = [NVRSTACK, "verify", "--json", "--resolve", project.address, *login]
    bed, password = project.world.bed, f"{ADMIN_PASSWORD}\n"
    told = bed.run(
        words, bed.engine_netns, cwd=project.directory, input=password, timeout=60, check=False
    )
    return verdicts(told.stdout)


def not_fine(found: Verdicts) -> dict[str, str]:
    """The verdicts that are not green, by what they are about."""
    return {about: v["level"] for about, v in found.items() if v["level"] != "fine"}


def problems(found: Verdicts) -> set[str]:
    """What is wrong."""
    return {about for about, level in not_fine(found).items() if level == "problem"}


def test_everything_is_fine_on_the_host(home: Project) -> None:
    found = verify(home)
    # Moonfire's stand-in has no camera here, and so no recording.
    assert not_fine(found) == {"downloads": "unknown"}, found
    assert found["client address"]["text"].endswith("this machine's own")


def test_everything_is_fine_elsewhere_at_home_without_a_project(home: Project) -> None:
    root = home.directory / "tls/local/root.pem"
    words = ["--url", home.origin, "--resolve", home.address, "--from", "lan", "--json"]
    bed = home.world.bed
    done = bed.run(
        ["env", f"SSL_CERT_FILE={root}", NVRSTACK, "verify", *words], FIRST_CLIENT, timeout=60
    )
    found = verdicts(done.stdout)
    assert not_fine(found) == {}, found
    # The client's own, neither the bridge's nor the host's.
    address = found["client address"]["text"].partition(",")[0]
    assert address != home.address
    assert address in home.request(FIRST_CLIENT, "/api/request").body


def test_a_service_that_is_down_is_named_and_the_remedy_starts_it(home: Project) -> None:
    for service, about in (("moonfire-nvr", "Moonfire"), ("nginx", "https")):
        home.compose("stop", "--timeout", "3", service)
        found = verify(home)
        assert problems(found) == {about}, found
        assert "docker compose up -d" in found[about]["remedy"]
        up(home)
    assert problems(verify(home)) == set()


def test_a_published_port_is_found_where_moonfire_listens_on_it(home: Project) -> None:
    settings = home.directory / "moonfire/moonfire-nvr.toml"
    before = settings.read_text()
    (bind,) = [line for line in before.splitlines() if line.startswith("ipv4 = ")]
    settings.write_text(before.replace(bind, 'ipv4 = "0.0.0.0:8080"'))
    home.override(BACK_DOOR)
    up(home)
    found = verify(home)
    assert problems(found) == {"port 8080"}, found
    assert home.address in found["port 8080"]["text"]
    assert "take `ports:` from moonfire-nvr" in found["port 8080"]["remedy"]
    (home.directory / "compose.override.yaml").unlink()
    settings.write_text(before)
    home.compose("up", "-d", "--force-recreate", "moonfire-nvr")
    wait_until("Moonfire's answer", home.serves, seconds=20)
    assert problems(verify(home)) == set()

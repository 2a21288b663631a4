"""Dynamic DNS on the engine, with two releases of the real ddclient."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract import ddclients
from tests.e2e.project import Project
from tests.e2e.projects import Projects
from tests.e2e.provider import FIRST_ADDRESS, Provider
from tests.e2e.waiting import Stopwatch, wait_until
from tests.e2e.world import World

OTHER_ADDRESS = "192.31.196.21"
THIRD_ADDRESS = "192.31.196.22"
NEW_PASSWORD = "an0ther, #'own'"


@contextmanager
def telling(world: World, folder: Path, port: int) -> Iterator[Provider]:
    """Run a provider of the test's own."""
    provider = Provider(world, folder, port)
    provider.instruct()
    provider.program.start()
    try:
        yield provider
    finally:
        provider.program.stop()


def house(
    projects: Projects, provider: Provider, name: str, release: str = "own", **settings: str
) -> Project:
    """A project of which ddclient alone runs, and looks every second for another address."""
    project = projects.new(
        "public", name, 14, settings={**provider.settings, "site.https_port": "8443", **settings}
    )
    provider.instruct(hosts=[project.domain])
    project.init()
    file = project.directory / "ddclient/settings.json"
    quick = file.read_text().replace('"interval": 300', '"interval": 1')
    file.write_text(quick.replace('"pause": 30', '"pause": 1'))
    binds = [f"{path}:{inside}:ro" for path, inside in ddclients.program(release).items()]
    if binds:
        project.override({"ddclient": {"volumes": binds}})
    return project


def health(project: Project) -> dict[str, Any]:
    """What the engine tells of ddclient's health."""
    found: dict[str, Any] = project.container("ddclient")["State"]["Health"]
    return found


@pytest.mark.parametrize("release", ["own", ddclients.OLDER_SUITE])
def test_from_the_start_through_a_refusal_to_a_new_password(
    release: str, projects: Projects, world: World, folder: Path, figures: dict[str, str]
) -> None:
    with telling(world, folder, 8250) as provider:
        project = house(projects, provider, f"ddns-{release}", release)
        shown = project.compose(
            "run", "--rm", "--no-deps", "--entrypoint", "ddclient", "ddclient", "--version"
        )
        assert ("3.10" in shown.stdout) == (release == ddclients.OLDER_SUITE), shown.stdout

        def addresses() -> list[str]:
            return [entry["query"]["myip"] for entry in provider.updates(project.domain)]

        project.up("--no-deps", "ddclient")
        wait_until("the first update", lambda: addresses() == [FIRST_ADDRESS], seconds=30)
        watch = Stopwatch()
        provider.instruct(address=OTHER_ADDRESS)
        told = [FIRST_ADDRESS, OTHER_ADDRESS]
        wait_until("the next update", lambda: addresses() == told, seconds=60)
        figures[f"from another address to its update, ddclient of {release}"] = (
            f"{watch.seconds:.1f} s"
        )
        for words in (
            ("restart", "ddclient"),
            ("up", "-d", "--force-recreate", "--no-deps", "ddclient"),
        ):
            project.compose(*words)
        wait_until("health", lambda: health(project)["Status"] == "healthy", seconds=60)
        assert addresses() == told

        watch = Stopwatch()
        provider.instruct(password=NEW_PASSWORD, address=THIRD_ADDRESS)
        told.append(THIRD_ADDRESS)
        wait_until("the refusal", lambda: addresses() == told, seconds=60)
        wait_until("unhealthy", lambda: health(project)["Status"] == "unhealthy", seconds=120)
        figures[f"from a refusal to unhealthy, ddclient of {release}"] = f"{watch.seconds:.1f} s"
        said = health(project)["Log"][-1]["Output"]
        assert said.startswith(
            f"{project.domain}: badauth: the user name, password or token is wrong (401 "
        )
        project.compose("restart", "ddclient")
        project.compose("up", "-d", "--force-recreate", "--no-deps", "ddclient")

        (project.directory / "secrets/ddns_password").write_text(f"{NEW_PASSWORD}\n")
        assert addresses() == told, "it was left alone"
        project.nvrstack("render", "--yes")
        project.up("--no-deps", "ddclient")
        watch = Stopwatch()
        told.append(THIRD_ADDRESS)
        wait_until("the new password's use", lambda: addresses() == told, seconds=30)
        figures[f"from a new password to its use, ddclient of {release}"] = f"{watch.seconds:.1f} s"
        wait_until("health", lambda: health(project)["Status"] == "healthy", seconds=60)
        assert NEW_PASSWORD not in project.logs("ddclient")
        project.remove()


def test_an_interface_of_this_machine_tells_the_address(
    projects: Projects, world: World, folder: Path
) -> None:
    with telling(world, folder, 8251) as provider:
        netns = world.bed.engine_netns
        world.ip(netns, "link", "add", "ppp0", "type", "veth", "peer", "name", "isp0")
        world.ip(netns, "address", "add", f"{OTHER_ADDRESS}/32", "dev", "ppp0")
        world.ip(netns, "link", "set", "ppp0", "up")
        project = house(projects, provider, "ddns-ppp0", **{"ddns.interface": "ppp0"})
        project.up("--no-deps", "ddclient")
        (entry,) = wait_until("the update", lambda: provider.updates(project.domain), seconds=30)
        world.ip(netns, "link", "delete", "ppp0")
        assert entry["query"]["myip"] == OTHER_ADDRESS
        assert entry["authorized"] is True
        container = project.container("ddclient")
        assert container["HostConfig"]["NetworkMode"] == "host"
        assert container["HostConfig"]["CapDrop"] == ["ALL"]
        project.remove()

"""A proxy in the Docker client's configuration, which hands it to every container."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bed.bed import Bed
from tests.e2e.project import Project
from tests.e2e.projects import Projects
from tests.e2e.waiting import wait_until

NOBODY = "http://198.51.100.126:3128"
PROXIES = {"httpProxy": NOBODY, "httpsProxy": NOBODY, "ftpProxy": NOBODY, "allProxy": NOBODY}
NAMES = {f"{kind}_proxy" for kind in ("http", "https", "ftp", "all", "no")}


@pytest.fixture
def proxied(projects: Projects, bed: Bed, tmp_path: Path) -> Iterator[Project]:
    """A stack whose owner's Docker client has proxies; all services are created, nginx runs."""
    usual = Path(bed.env["DOCKER_CONFIG"])
    for entry in usual.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    (tmp_path / "config.json").unlink(missing_ok=True)
    default = {"default": {**PROXIES, "noProxy": "example.com"}}
    (tmp_path / "config.json").write_text(json.dumps({"proxies": default}))
    project = projects.new("public", "proxied", 14, env={"DOCKER_CONFIG": str(tmp_path)})
    project.init()
    project.compose("create")
    project.compose("start", "nginx")
    yield project
    project.remove()


def test_it_reaches_none_of_ours(proxied: Project) -> None:
    for service in ("nginx", "moonfire-nvr", "certbot", "ddclient"):
        pairs = (entry.partition("=") for entry in proxied.container(service)["Config"]["Env"])
        found = {name: value for name, _, value in pairs if name.lower() in NAMES}
        assert set(found) == NAMES | {name.upper() for name in NAMES}, service
        assert set(found.values()) == {""}, service


def test_the_health_check_does_not_ask_it(proxied: Project, bed: Bed) -> None:
    shown = proxied.container("nginx")
    kind, *words = shown["Config"]["Healthcheck"]["Test"]
    assert kind == "CMD"

    def healthy() -> bool:
        return bed.docker("exec", shown["Id"], *words, check=False).returncode == 0

    wait_until("a healthy nginx", healthy, seconds=15)

"""Compose files where people keep them, below the root of a made-up host."""

from pathlib import Path

import pytest

from tests.unit import host_trees
from tests.unit.commands import nvrstack
from tests.unit.host_trees import COMPOSE, put
from tests.unit.migration.test_migration_plan import codes, planned

OTHERS = "services: {web: {image: nginx}}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "root"
    found.mkdir()
    put(found, "/etc/moonfire-nvr.toml", host_trees.CONFIG)
    return host_trees.host(found)


@pytest.mark.parametrize(
    "path",
    [
        "/home/pi/docker-compose.yaml",
        "/home/pi/nvr/compose.yaml",
        "/opt/stacks/docker-compose.yml",
        "/srv/compose.yml",
        "/root/cameras/compose.yaml",
    ],
)
def test_wherever_people_keep_it(root: Path, path: str) -> None:
    put(root, path, COMPOSE)
    put(root, "/home/pi/web/compose.yaml", OTHERS)
    put(root, "/opt/odd/compose.yaml", "{no: [yaml")
    found = planned(root)
    assert found["install"]["source"] == "compose"
    assert found["blockers"] == []
    assert "compose-unreadable" not in codes(found["warnings"])


def test_a_project_of_nvrstacks_own_is_no_install(root: Path) -> None:
    put(root, "/home/pi/nvrstack/compose.yaml", COMPOSE)
    put(root, "/home/pi/nvrstack/nvrstack.toml", "schema = 1\n")
    assert codes(planned(root, code=1)["blockers"]) == ["no-install"]


def test_a_link_to_it_is_no_second_one(root: Path) -> None:
    put(root, "/opt/nvr/compose.yaml", COMPOSE)
    (root / "home/pi").mkdir(parents=True)
    (root / "home/pi/nvr").symlink_to("/opt/nvr")
    assert planned(root)["blockers"] == []


def test_of_several_its_owner_names_one(root: Path) -> None:
    put(root, "/srv/old/compose.yaml", COMPOSE.replace("v0.7.25", "v0.7.10"))
    put(root, "/srv/nvr/compose.yaml", COMPOSE)
    (blocker,) = planned(root, code=1)["blockers"]
    assert blocker["code"] == "several-installs"
    assert "--compose-file" in blocker["hint"]
    for path, version in (("/srv/old", "0.7.10"), ("/srv/nvr", "0.7.25")):
        named = root / path.lstrip("/") / "compose.yaml"
        found = planned(root, "--compose-file", str(named))
        assert found["install"]["version"] == version


def test_one_of_any_name_takes_its_paths_from_where_it_lies(root: Path) -> None:
    named = put(
        root, "/etc/stacks/cameras.yaml", COMPOSE.replace("/media/nvr:", "../../media/nvr:")
    )
    put(root, "/etc/stacks/compose.override.yaml", OTHERS)
    found = planned(root, "--compose-file", str(named))
    sources = {mount["target"]: mount["source"] for mount in found["install"]["mounts"]}
    assert sources["/media/nvr"] == "/media/nvr"
    assert "compose-override" not in codes(found["warnings"])


def test_a_name_that_nothing_has(root: Path) -> None:
    done = nvrstack(
        "migrate", "plan", root.parent / "project", "--root", root, "--no-docker",
        "--compose-file", root / "absent.yaml",
    )  # fmt: skip
    assert done.code == 2
    assert "there is no such file" in done.stderr
    assert "--compose-file" in done.stderr

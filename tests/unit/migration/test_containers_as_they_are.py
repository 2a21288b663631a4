"""Images and mounts that are not as upstream's guide has them, below a made-up host's root."""

from pathlib import Path

import pytest

from tests.unit import host_trees
from tests.unit.host_trees import COMPOSE, put
from tests.unit.migration.test_migration_plan import codes, planned

UPSTREAM = "image: ghcr.io/scottlamb/moonfire-nvr:v0.7.25"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "root"
    found.mkdir()
    return host_trees.host(found)


@pytest.mark.parametrize(
    ("image", "foreign"),
    [
        (UPSTREAM, False),
        ("image: scottlamb/moonfire-nvr:v0.7.5", False),
        ("image: mirror.lan/scottlamb/moonfire-nvr:v0.7.25", False),
        ("image: ghcr.io/example/nvr-and-rclone:v0.7.25", True),
        ("image: moonfire-nvr:mine", True),
        (f"build: .\n    {UPSTREAM}", True),
    ],
)
def test_an_image_may_hold_more_than_moonfire(root: Path, image: str, foreign: bool) -> None:
    put(root, "/etc/moonfire-nvr.toml", host_trees.CONFIG)
    text = COMPOSE.replace(UPSTREAM, image).replace("command: run", "command: moonfire-nvr run")
    put(root, "/opt/moonfire-nvr/compose.yaml", text)
    found = planned(root)
    assert ("image-foreign" in codes(found["warnings"])) is foreign


def test_a_configuration_that_docker_made_a_directory_of(root: Path) -> None:
    put(root, "/opt/moonfire-nvr/compose.yaml", COMPOSE)
    (missing,) = (f for f in planned(root)["warnings"] if f["code"] == "config-absent")
    assert "/etc/moonfire-nvr.toml is not there: Docker makes a directory" in missing["message"]
    (root / "etc/moonfire-nvr.toml").mkdir()
    found = planned(root)["warnings"]
    (made,) = (f for f in found if f["code"] == "config-is-directory")
    assert "/etc/moonfire-nvr.toml is a directory" in made["message"]
    assert "config-absent" not in codes(found)
    named = put(root, "/root/moonfire-nvr.toml", host_trees.CONFIG)
    found = planned(root, "--moonfire-config", str(named))["warnings"]
    assert not {"config-is-directory", "config-absent"} & set(codes(found))

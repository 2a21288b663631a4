"""What becomes of the networks that people gave Moonfire, from the install to the override."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from nvrstack.migration.compose.service import read_compose
from nvrstack.migration.install import Install
from tests.unit import host_trees
from tests.unit.host_trees import COMPOSE, put
from tests.unit.migration.test_migration_plan import codes, planned

VLAN = """\
networks:
  cams:
    driver: macvlan
    driver_opts: {parent: eth0.30}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "root"
    found.mkdir()
    put(found, "/etc/moonfire-nvr.toml", host_trees.CONFIG)
    return host_trees.host(found)


def composed(root: Path, service: str, networks: str, code: int = 0) -> dict[str, Any]:
    put(root, "/srv/nvr/compose.yaml", f"{COMPOSE}    {service}\n{networks}")
    return planned(root, code=code)


def read(service: str, networks: str) -> Install:
    found = read_compose(f"{COMPOSE}    {service}\n{networks}", "/srv/nvr").install
    assert found is not None
    return found


def test_a_vlan_of_the_files_own_stays_with_its_cameras(root: Path) -> None:
    found = composed(root, "networks: [cams]", VLAN)
    assert found["install"]["network"] == "nvr_cams"
    override = yaml.safe_load(found["override"])
    assert override["services"]["moonfire-nvr"]["networks"] == {"nvr_cams": {}}
    assert override["networks"] == {"nvr_cams": {"external": True, "name": "nvr_cams"}}
    assert "network-of-old-project" in codes(found["warnings"])
    assert found["blockers"] == []


def test_an_address_that_only_one_of_two_containers_can_have(root: Path) -> None:
    named = VLAN.replace("  cams:\n", "  cams:\n    name: vlan30\n")
    found = composed(root, "networks: {cams: {ipv4_address: 10.0.30.5}}", named, code=1)
    assert found["install"]["network"] == "vlan30"
    assert codes(found["blockers"]) == ["fixed-address"]
    assert "10.0.30.5 in the network vlan30" in found["blockers"][0]["message"]
    override = yaml.safe_load(found["override"])
    assert override["services"]["moonfire-nvr"]["networks"] == {
        "vlan30": {"ipv4_address": "10.0.30.5"}
    }


def test_so_with_docker_run(root: Path) -> None:
    options = "--network=iot --ip=10.0.30.5"
    text = "\n".join(
        ["#!/bin/sh", "docker run -d --name=nvr --user=1010:1011 " + options
         + " -v /var/lib/moonfire-nvr:/var/lib/moonfire-nvr -v /media/nvr:/media/nvr"
         " -v /etc/moonfire-nvr.toml:/etc/moonfire-nvr.toml"
         " ghcr.io/scottlamb/moonfire-nvr:v0.7.25 run"]
    )  # fmt: skip
    put(root, "/usr/local/bin/nvr", text)
    assert codes(planned(root, code=1)["blockers"]) == ["fixed-address"]
    put(root, "/usr/local/bin/nvr", text.replace(" --ip=10.0.30.5", ""))
    assert planned(root)["blockers"] == []


@pytest.mark.parametrize(
    ("service", "networks", "first", "further"),
    [
        ("ports: []", "", "nvr_default", ()),
        ("ports: []", "networks: {default: {name: house, external: true}}", "house", ()),
        ("ports: []", "networks: {default: {name: house}}", "house", ()),
        ("networks: [a]", "networks: {a: {external: {name: old}}}", "old", ()),
        ("networks: [a]", "networks: {a: {external: false}}", "nvr_a", ()),
        ("networks: [a]", "networks: {a: {name: b}}", "b", ()),
        ("networks: {a: , b: }", "networks: {b: {driver: ipvlan}}", "nvr_a", ("nvr_b",)),
        ("network_mode: host", "", "host", ()),
    ],
)
def test_the_names_that_docker_has(
    service: str, networks: str, first: str, further: tuple[str, ...]
) -> None:
    found = read(service, networks)
    assert found.network == first
    assert found.other_options.get("network", ()) == further


def test_a_default_network_with_a_name_goes_with_its_project(root: Path) -> None:
    found = composed(root, "restart: always", "networks: {default: {name: house}}")
    assert "house" not in (found["override"] or "")
    assert found["blockers"] == []

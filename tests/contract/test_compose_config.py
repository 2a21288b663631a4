"""Compose accepts every stack, and understands exactly what was meant."""

from pathlib import Path
from typing import Any

import pytest

from nvrstack.settings.model import Settings
from tests.contract import composed, extremes
from tests.contract.rendered import Project, project, stack_names, write

CASES = tuple(extremes.cases())
UNITS = {"m": 2**20, "g": 2**30}


@pytest.fixture(params=CASES, ids=[f"{stack}-{what}" for stack, what, _ in CASES])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    stack, _, change = request.param
    return write(project(tmp_path / "my $nvr {x} 'project'", stack, change))


def test_every_stack_is_accepted_and_means_what_was_set(made: Project) -> None:
    found = composed.values(made.directory)
    settings, services = made.settings, found["services"]
    assert found["name"] == settings.project.name
    assert set(services) == set(made.stack.services)
    assert_moonfire(services["moonfire-nvr"], settings, made.directory)
    assert_nginx(services["nginx"], settings)
    for name in set(services) - {"moonfire-nvr"}:
        assert services[name]["user"] == f"{settings.project.uid}:{settings.project.gid}"
        assert services[name]["image"] == getattr(settings.images, name)
    for service in services.values():
        assert_hardened(service)
        for target, source in composed.mounts(service).items():
            below = [Path(source)] if Path(source).is_relative_to(made.directory) else []
            assert all(path.is_dir() for path in below), (source, target)
    networks = found["networks"]
    assert networks["backend"]["ipam"]["config"] == [
        {"subnet": str(settings.network.backend_subnet)}
    ]
    assert [name for name, network in networks.items() if network.get("internal")] == ["backend"]


@pytest.mark.parametrize("stack", stack_names())
def test_every_stack_is_accepted_as_init_leaves_it(stack: str, tmp_path: Path) -> None:
    quiet = composed.config(write(project(tmp_path, stack)).directory, "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def assert_moonfire(service: dict[str, Any], settings: Settings, directory: Path) -> None:
    moonfire, subnet = settings.moonfire, settings.network.backend_subnet
    assert service["image"] == f"{moonfire.image}:{moonfire.version}"
    assert service["user"] == f"{moonfire.uid}:{moonfire.gid}"
    assert service["environment"]["TZ"] == moonfire.timezone
    assert "ports" not in service
    assert service["stop_grace_period"] == "1m30s"
    assert service["networks"]["backend"]["ipv4_address"] == str(subnet[3])
    assert set(service["networks"]) == {"backend", "cameras"}
    number, unit = moonfire.memory_limit[:-1], moonfire.memory_limit[-1]
    assert int(service["mem_limit"]) == int(number) * UNITS[unit]
    assert composed.mounts(service) == {
        "/etc/nvrstack/moonfire": str(directory / "moonfire"),
        "/var/lib/moonfire-nvr": str(directory / moonfire.state_dir),
        "/usr/share/zoneinfo": "/usr/share/zoneinfo",
        **{str(path): str(path) for path in moonfire.sample_dirs},
    }


def assert_nginx(service: dict[str, Any], settings: Settings) -> None:
    subnet = settings.network.backend_subnet
    assert service["networks"]["backend"]["ipv4_address"] == str(subnet[2])
    assert set(service["networks"]) == {"backend", "edge"}
    published = {
        (port.get("host_ip"), int(port["published"]), port["target"]) for port in service["ports"]
    }
    ports = ((settings.site.http_port, 80), (settings.site.https_port, 443))
    addresses = [str(address) for address in settings.site.bind] or ["0.0.0.0"]
    assert published == {(address, *pair) for address in addresses for pair in ports}


def assert_hardened(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert int(service["mem_limit"]) > 0
    assert service["pids_limit"] > 0
    assert "privileged" not in service
    assert not any("docker.sock" in source for source in composed.mounts(service).values())
    for volume in service["volumes"]:
        # Compose leaves a false value out of its output, or says it in so many words.
        assert volume["bind"].get("create_host_path", False) is False

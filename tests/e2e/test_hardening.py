"""What an intruder or a nosy neighbour on the host would find: no root, no secrets."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.project import ADMIN_PASSWORD, Project
from tests.e2e.projects import Projects
from tests.e2e.waiting import wait_until
from tests.e2e.world import DDNS_PASSWORD

SERVICES = ("nginx", "moonfire-nvr", "certbot", "ddclient")
NO_CAPABILITIES = dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 0)


@pytest.fixture(scope="module", params=SERVICES)
def container(request: pytest.FixtureRequest, public: Project) -> dict[str, Any]:
    return public.container(request.param)


def processes(project: Project, container: dict[str, Any]) -> dict[int, dict[str, list[str]]]:
    """The status of every process in a container, as the host sees it (proc(5))."""
    shown = project.world.bed.docker("top", container["Id"], "-eo", "pid").stdout.split()[1:]
    found = {}
    for pid in map(int, shown):
        try:
            text = Path(f"/proc/{pid}/status").read_text()
        except FileNotFoundError:
            continue
        lines = (line.partition(":") for line in text.splitlines())
        found[pid] = {key: value.split() for key, _, value in lines}
    assert container["State"]["Pid"] in found
    return found


def test_no_process_is_root_or_has_a_capability(public: Project, container: dict[str, Any]) -> None:
    for status in processes(public, container).values():
        assert "0" not in status["Uid"], status["Name"]
        assert "0" not in [*status["Gid"], *status["Groups"]], status["Name"]
        assert {key: int(status[key][0], 16) for key in NO_CAPABILITIES} == NO_CAPABILITIES
        assert status["NoNewPrivs"] == ["1"]
        assert status["Seccomp"] == ["2"]


def test_the_container_is_confined(container: dict[str, Any]) -> None:
    host = container["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert host["Privileged"] is False
    assert host["CapAdd"] in (None, [])
    assert host["NetworkMode"] != "host"
    assert host["PidMode"] == ""
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"].keys() >= {"max-size", "max-file"}
    assert not [mount for mount in container["Mounts"] if "docker.sock" in mount["Source"]]


@pytest.mark.parametrize("service", ["nginx", "certbot", "ddclient"])
def test_nothing_can_be_written_to_the_image(public: Project, service: str) -> None:
    command = ["exec", "-T", service, "sh", "-c", "touch /tmp/x && touch /x"]
    done = public.compose(*command, check=False)
    assert done.returncode != 0
    assert "/x: Read-only file system" in done.stderr or "'/x': Read-only" in done.stderr, done


def test_only_two_ports_are_published(public: Project) -> None:
    published = {
        service: public.container(service)["HostConfig"]["PortBindings"] for service in SERVICES
    }
    here = {"HostIp": public.address}
    assert published.pop("nginx") == {
        "80/tcp": [{**here, "HostPort": "80"}],
        "443/tcp": [{**here, "HostPort": "443"}],
    }
    assert not any(published.values()), published


def secret_texts(project: Project) -> list[str]:
    """What must appear nowhere: passwords, and a line of each private key."""
    keys = [*project.directory.rglob("*.key"), *project.directory.rglob("privkey*.pem")]
    lines = [max(file.read_text().splitlines(), key=len) for file in keys]
    accounts = list(project.directory.rglob("private_key.json"))
    numbers = [json.loads(file.read_text())["d"] for file in accounts]
    assert len(keys) >= 2, "the placeholder's key and the certificate's"
    assert len(accounts) == 1
    return [DDNS_PASSWORD, ADMIN_PASSWORD, *lines, *numbers]


def leaks(project: Project, text: str) -> list[str]:
    """The secrets that a text holds, as they are or as JSON, YAML or a shell would write them."""
    plain = re.sub(r"[\\'\"]", "", text)
    return [s for s in secret_texts(project) if s in text or re.sub(r"[\\'\"]", "", s) in plain]


def test_the_search_for_secrets_finds_them(public: Project) -> None:
    assert leaks(public, f"a password: {json.dumps(DDNS_PASSWORD)}") == [DDNS_PASSWORD]
    assert leaks(public, (public.directory / "ddclient/ddclient.conf").read_text())


def test_docker_tells_no_secret(public: Project) -> None:
    inspected = json.dumps([public.container(service) for service in SERVICES])
    config = public.compose("config").stdout
    logs = "\n".join(public.logs(service) for service in SERVICES)
    assert all((inspected, config, logs))
    assert leaks(public, inspected + config + logs) == []


def test_init_told_no_secret(public: Project) -> None:
    rendered = (public.directory / "compose.yaml").read_text()
    settings = (public.directory / "nvrstack.toml").read_text()
    assert leaks(public, rendered + settings) == []


def test_secrets_are_their_owners_alone(public: Project) -> None:
    found = []
    for path in public.directory.rglob("*"):
        if not path.is_file() or path.is_symlink():
            continue
        if leaks(public, path.read_bytes().decode("utf-8", "replace")):
            mode = stat.S_IMODE(path.stat().st_mode)
            found.append(path.relative_to(public.directory).as_posix())
            assert mode & 0o077 == 0, f"{path}: {mode:o}"
            assert path.stat().st_uid == public.container_uid
    assert {"secrets/ddns_password", "ddclient/ddclient.conf"} <= set(found)
    for name in ("secrets", "data", "tls"):
        assert stat.S_IMODE((public.directory / name).stat().st_mode) == 0o700


def test_the_process_list_tells_no_secret_while_the_provider_is_told(projects: Projects) -> None:
    """The provider keeps silent, so that there is time to look at who speaks to it."""
    project = projects.new("public", "talks", 12)
    project.init()
    project.world.instruct_dyndns(answer="timeout")
    try:
        project.up("ddclient")
        wait_until("the update", lambda: project.world.updates(project.domain), seconds=30)
        inside = project.compose("top", "ddclient").stdout
        files = [*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")]
        seen = [text for file in files if (text := read(file))]
    finally:
        project.world.instruct_dyndns()
    assert "curl" in inside, f"ddclient was to be at work: {inside}"
    assert any("curl" in text and "/tmp/ddclient" in text for text in seen)
    assert not [text for text in seen if DDNS_PASSWORD in text]


def read(file: Path) -> str:
    """A file of /proc, whose process may end meanwhile."""
    try:
        return file.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""

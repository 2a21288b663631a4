"""The stack without Internet: an authority of one's own, and nothing leaves the house."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.bed.bed import Bed
from tests.e2e import probing
from tests.e2e.project import ADMIN, ADMIN_PASSWORD, FIRST_CLIENT, Project
from tests.e2e.projects import Projects
from tests.e2e.waiting import wait_until
from tests.e2e.world import DYNDNS_PORT


@dataclass(frozen=True)
class Watched:
    """A LAN project, and a count of what its networks send towards the Internet."""

    project: Project
    bed: Bed
    subnets: list[str]

    def rules(self, action: str) -> None:
        """Insert or delete a rule for each of its networks, which only counts."""
        for subnet in self.subnets:
            rule = [action, "DOCKER-USER", "--source", subnet, "--out-interface", "net0"]
            self.bed.run(["iptables", *rule], self.bed.engine_netns, timeout=20)

    def packets(self) -> int:
        """Return how many packets wanted out."""
        listing = ["iptables", "-nvxL", "DOCKER-USER"]
        shown = self.bed.run(listing, self.bed.engine_netns, timeout=20).stdout
        lines = [line.split() for line in shown.splitlines() if " net0 " in line]
        assert len(lines) == len(self.subnets), shown
        return sum(int(words[0]) for words in lines)


@pytest.fixture(scope="module")
def watched(projects: Projects, bed: Bed) -> Iterator[Watched]:
    """The stack, counted from before the first of its containers runs."""
    project = projects.new("lan", "quiet", 13)
    project.init()
    project.compose("create")
    names = [f"{project.name}_{network}" for network in ("edge", "backend", "cameras")]
    form = "{{range .IPAM.Config}}{{.Subnet}}{{end}}"
    subnets = bed.docker("network", "inspect", "--format", form, *names).stdout.split()
    assert len(subnets) == 3
    found = Watched(project, bed, subnets)
    found.rules("--insert")
    project.up()
    wait_until("Moonfire's answer", project.serves, seconds=20)
    yield found
    found.rules("--delete")


@pytest.fixture
def quiet(watched: Watched) -> Project:
    return watched.project


def test_compose_accepts_the_project(quiet: Project) -> None:
    assert quiet.compose("config", "--quiet").stderr == ""


def test_it_has_two_services_and_no_way_out(quiet: Project) -> None:
    assert sorted(quiet.compose("config", "--services").stdout.split()) == ["moonfire-nvr", "nginx"]
    networks = yaml.safe_load(quiet.compose("config").stdout)["networks"]
    assert sorted(networks) == ["backend", "cameras", "edge"]


def test_the_certificate_is_verified_with_the_projects_root(quiet: Project) -> None:
    root = quiet.directory / "tls/local/root.pem"
    answer = quiet.request(FIRST_CLIENT, "/api/request", trust=root)
    assert answer.status == 200, answer
    assert answer.value("secure") == "true"
    assert not answer.header("strict-transport-security")
    other = quiet.request(FIRST_CLIENT, "/", trust=quiet.world.authority_root)
    assert other.curl == 60, "curl must be able to refuse a certificate here"


def test_a_phone_can_download_the_root(quiet: Project, folder: Path) -> None:
    root = ssl.PEM_cert_to_DER_cert((quiet.directory / "tls/local/root.pem").read_text())
    file = folder / "root.crt"
    answer = quiet.request(
        FIRST_CLIENT, f"http://{quiet.domain}/root.crt", "--no-include", "--output", str(file)
    )
    assert answer.curl == 0
    assert file.read_bytes() == root
    headers = quiet.request(FIRST_CLIENT, f"http://{quiet.domain}/root.crt", "--head")
    assert headers.header("content-type") == ["application/x-x509-ca-cert"]
    assert quiet.request(FIRST_CLIENT, f"http://{quiet.domain}/").status == 301


def test_the_authoritys_key_is_in_no_container(quiet: Project) -> None:
    for service in ("nginx", "moonfire-nvr"):
        sources = [mount["Source"] for mount in quiet.container(service)["Mounts"]]
        assert str(quiet.directory / "tls/local") in sources or service != "nginx"
        assert not [s for s in sources if (quiet.directory / "tls/authority").is_relative_to(s)]


def test_one_can_sign_in(quiet: Project) -> None:
    answer = quiet.log_in(ADMIN, ADMIN_PASSWORD)
    assert answer.status == 204
    assert "Secure" in answer.header("set-cookie")[0]


def test_only_two_ports_are_open(quiet: Project, bed: Bed) -> None:
    assert probing.open_ports(bed, FIRST_CLIENT, quiet.address) == [80, 443]


def test_nothing_has_left_the_house(watched: Watched) -> None:
    """From its first start on, with visits, a restart, and time for anything that calls home."""
    project = watched.project
    assert project.request(FIRST_CLIENT, "/api/request").status == 200
    project.compose("restart", "--timeout", "5")
    wait_until("Moonfire's answer", project.serves, seconds=20)
    assert watched.packets() == 0
    internet = f"{watched.bed.internet_address}:{DYNDNS_PORT}"
    found = probing.from_network(watched.bed, f"{project.name}_edge", internet)
    assert found == {internet: "open"}
    assert watched.packets() > 0, "the count can count"

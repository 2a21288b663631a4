"""What `nvrstack doctor` tells whoever has no project yet."""

from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from nvrstack.checks.verdict import Verdict
from nvrstack.errors import ExitCode
from nvrstack.host.network.web import Authority
from nvrstack.projects.diagnosis import Findings
from nvrstack.projects.doctor_scope import scope_before, scope_of
from nvrstack.projects.doctor_verdicts import verdicts_before
from nvrstack.projects.project import LoadedProject
from nvrstack.stacks import load_stacks
from nvrstack.surroundings import Clock, Disk, Engine, Holder, OwnAddress, Router
from tests.unit.commands import nvrstack
from tests.unit.samples import settings_for

SOUND = Findings(
    engine=Engine("26.1.5", "2.40.3"),
    networks=(),
    holders=(),
    routes=(),
    disks=(),
    time_zone="Europe/Berlin",
    has_zone=True,
    clock=Clock(0.1, "acme", "", "chronyd"),
    lan=OwnAddress(IPv4Address("192.168.1.5"), "eth0", "02:00", "static", "dhcpcd"),
    router=Router(IPv4Address("5.0.0.20"), ()),
    outside=IPv4Address("5.0.0.20"),
    names=(),
    authority=Authority(),
)


def judged(found: Findings) -> dict[str, Verdict]:
    return {v.about: v for v in verdicts_before(scope_before().ports, found)}


def not_fine(found: Findings) -> dict[str, str]:
    return {about: str(v.level) for about, v in judged(found).items() if v.level != "fine"}


def test_what_is_left_out_is_said_and_all_else_is_judged() -> None:
    assert not_fine(SOUND) == {"project": "unknown"}
    verdict = judged(SOUND)["project"]
    assert "names, forwardings, disks and private network" in verdict.text
    assert "nvrstack init" in verdict.remedy
    assert {"port 80", "port 443", "router", "clock", "time zone", "LAN address"} < set(
        judged(SOUND)
    )


@pytest.mark.parametrize(
    ("changes", "about", "level"),
    [
        ({"engine": Engine("26.1.5")}, "Docker Compose", "problem"),
        # A container of nobody's project is in the way, too.
        ({"holders": (Holder("0.0.0.0", 80, "the container web", container=True),)},
         "port 80", "problem"),
        ({"disks": None}, "disks", "unknown"),
        ({"disks": ((Disk("/var/lib/docker", "images", exists=True), None),)},
         "disk of /var/lib/docker", "problem"),
        ({"has_zone": False}, "time zone", "problem"),
        ({"clock": Clock(7200, "acme", "", "chronyd")}, "clock", "problem"),
        ({"lan": None}, "LAN address", "unknown"),
        ({"router": Router(IPv4Address("100.64.1.1"), ())}, "router", "problem"),
    ],
)  # fmt: skip
def test_one_thing_is_wrong(changes: dict[str, object], about: str, level: str) -> None:
    assert not_fine(replace(SOUND, **changes)) == {"project": "unknown", about: level}  # type: ignore[arg-type]


def test_what_matters_before_there_is_a_project() -> None:
    scope = scope_before()
    assert scope.ports == (("site.http_port", 80), ("site.https_port", 443))
    assert scope.address_services
    assert scope.time_server.startswith("https://acme-v02.api.letsencrypt.org/")
    assert (scope.names, scope.folders, scope.forwarded) == ((), (), ())


def test_a_project_at_home_asks_neither_the_router_nor_the_internet(tmp_path: Path) -> None:
    settings = settings_for("lan", {"site": {"domain": "nvr.home.arpa"}})
    scope = scope_of(LoadedProject(tmp_path, settings, load_stacks()["lan"]))
    assert (scope.forwarded, scope.address_services, scope.time_server) == (None, (), "")


def test_a_project_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    told = nvrstack("--project", tmp_path, "doctor")
    assert (told.code, "is no nvrstack project" in told.stderr) == (ExitCode.BAD_INPUT, True)


def test_forwarding_wants_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = nvrstack("doctor", "--forward", "--yes")
    assert (told.code, "no nvrstack.toml here" in told.stderr) == (ExitCode.BAD_INPUT, True)

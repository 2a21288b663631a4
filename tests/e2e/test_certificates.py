"""Certificates of half a minute, from the first one on, by port 80 and by DNS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.again import PAST, certified_names, lives, watched
from tests.e2e.brief_authority import LIFE, URL, ZONE, BriefAuthority, brief_authority
from tests.e2e.first_light import issued
from tests.e2e.project import FIRST_CLIENT, Project
from tests.e2e.projects import Projects
from tests.e2e.waiting import Stopwatch, wait_until

BY_DNS = {
    "certificate.authority": URL,
    "certificate.dns_provider": "rfc2136",
    "certificate.dns_propagation": "1s",
    "site.aliases": f"*.unseen.{ZONE}",
}
OFTEN = {"interval": "2s", "retries": 1, "start_period": "0s"}
"""How often the engine runs a health check, so that a test need not wait for minutes."""
DOWNLOAD_SECONDS = 36


@pytest.fixture(scope="module")
def authority(projects: Projects, folder: Path) -> Iterator[BriefAuthority]:
    addresses = {f"brief.{ZONE}": "198.51.100.12", f"unseen.{ZONE}": "198.51.100.13"}
    with brief_authority(projects.world, folder, addresses) as found:
        yield found


@pytest.fixture(scope="module")
def brief(projects: Projects, authority: BriefAuthority) -> Project:
    """A stack with a certificate of that authority."""
    settings = {"certificate.authority": URL}
    project = projects.new("router-ddns", "brief", 12, settings=settings)
    project.init()
    project.add_camera(*PAST)
    project.override({"certbot": {"healthcheck": OFTEN}})
    project.up()
    wait_until("the first certificate", lambda: issued(project), seconds=60, every=0.1)
    return project


def state(project: Project) -> dict[str, Any]:
    """What certbot's keeper tells of the one certificate."""
    file = project.directory / "data/certbot/state.json"
    found: dict[str, Any] = json.loads(file.read_text())["certificates"][project.domain]
    return found


def test_a_renewal_breaks_no_stream(brief: Project, figures: dict[str, str]) -> None:
    before, containers = brief.certificate(), lives(brief)
    assert before is not None
    with watched(brief, DOWNLOAD_SECONDS) as seen:
        watch = Stopwatch()
        wait_until(
            "a renewed certificate",
            lambda: brief.certificate() not in {None, before},
            seconds=LIFE,
            every=0.5,
        )
        assert seen.downloading, "the download was to be under way"
        figures[f"until a certificate of {LIFE} s was renewed and served"] = (
            f"{watch.seconds:.1f} s"
        )
        seen.assert_streaming()
        seen.assert_complete(DOWNLOAD_SECONDS)
        seen.assert_streaming()
    assert lives(brief) == containers


def test_the_owner_can_read_how_it_stands(brief: Project) -> None:
    file = brief.directory / "data/certbot/state.json"
    assert file.stat().st_uid == brief.container_uid
    assert file.stat().st_mode & 0o400
    told = state(brief)
    assert (told["result"], told["reason"]) == ("ok", "")
    assert told["names"] == [brief.domain]
    assert told["not_after"] - told["not_before"] == pytest.approx(LIFE, abs=2)
    assert told["last_attempt"] <= told["last_success"] < told["next_attempt"]


def test_an_overdue_renewal_is_seen_and_heals(brief: Project, authority: BriefAuthority) -> None:
    def certbot() -> str:
        shown = brief.compose("ps", "--format", "{{.Health}}", "certbot").stdout
        return shown.strip()

    wait_until("a healthy certbot", lambda: certbot() == "healthy", seconds=30)
    with authority.out_of_reach():
        wait_until("an unhealthy certbot", lambda: certbot() == "unhealthy", seconds=90)
        health = brief.container("certbot")["State"]["Health"]["Log"][-1]["Output"]
        assert "renewal is overdue" in health
    wait_until("a healthy certbot", lambda: certbot() == "healthy", seconds=60)
    assert state(brief)["result"] == "ok"


def test_by_dns_nothing_comes_in_at_port_80(
    projects: Projects, authority: BriefAuthority, figures: dict[str, str]
) -> None:
    project = projects.new("dns-challenge", "unseen", 13, settings=BY_DNS)
    project.secrets["dns_credentials"] = authority.zone.credentials()
    project.init()
    watch = Stopwatch()
    project.up()
    wait_until("the certificate", lambda: issued(project), seconds=60)
    figures["from `up -d` to a certificate by DNS"] = f"{watch.seconds:.1f} s"
    assert certified_names(project.certificate()) == [f"*.{project.domain}", project.domain]
    assert "acme-challenge" not in project.logs("nginx")
    answer = project.request(FIRST_CLIENT, f"http://{project.domain}/.well-known/acme-challenge/x")
    assert answer.status == 301

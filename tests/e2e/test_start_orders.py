"""It starts in every order, and heals when the cause goes away. The authority that is late is in
`first_light`."""

from __future__ import annotations

import pytest

from tests.e2e.first_light import issued
from tests.e2e.project import ADMIN, ADMIN_PASSWORD, FIRST_CLIENT, Project
from tests.e2e.projects import Projects
from tests.e2e.waiting import Stopwatch, wait_until


@pytest.fixture(scope="module")
def nameless(projects: Projects) -> Project:
    """A project whose name leads nowhere yet."""
    projects.world.authority.start()
    project = projects.new("router-ddns", "late", 12)
    projects.world.bed.set_address(project.domain, None)
    project.init()
    return project


def test_nginx_starts_without_moonfire(nameless: Project, figures: dict[str, str]) -> None:
    nameless.up("nginx")
    wait_until(
        "nginx's own answer",
        lambda: nameless.request(FIRST_CLIENT, "/api/request").status == 502,
        seconds=20,
    )
    assert nameless.request(FIRST_CLIENT, f"http://{nameless.domain}/").status == 301
    nameless.up()
    watch = Stopwatch()
    wait_until("Moonfire's answer", nameless.serves, seconds=20)
    figures["from Moonfire's late start to its answer"] = f"{watch.seconds:.1f} s"


@pytest.mark.standin
def test_moonfire_may_take_its_time(nameless: Project) -> None:
    """As the real server does, which reads its index and rotates files before it listens."""
    nameless.override({"moonfire-nvr": {"environment": {"STANDIN_START_SECONDS": "5"}}})
    nameless.up()
    answer = nameless.request(FIRST_CLIENT, "/api/request")
    assert answer.status == 502
    wait_until("Moonfire's answer", nameless.serves, seconds=20)


def test_without_its_name_it_serves_with_the_placeholder(nameless: Project) -> None:
    # The bed's resolver says "no such record" in a form that glibc takes for no answer.
    told = f"{nameless.domain}: not yet reachable: the name servers "
    wait_until("certbot's reason", lambda: told in nameless.logs("certbot"), seconds=40)
    # What must fail is not asked of the authority.
    assert "Certbot failed to authenticate" not in nameless.logs("certbot")
    assert nameless.issuer() == "placeholder"
    assert nameless.log_in(ADMIN, ADMIN_PASSWORD).status == 204
    nameless.world.know(nameless.domain, nameless.address)


def test_without_internet_it_serves_at_home_and_heals(
    projects: Projects, figures: dict[str, str]
) -> None:
    world = projects.world
    project = projects.new("public", "offline", 13, settings={"ddns.interval": "1m"})
    project.init()
    world.disconnect()
    try:
        project.up()
        wait_until("Moonfire's answer", project.serves, seconds=20)
        assert project.issuer() == "placeholder"
        assert project.log_in(ADMIN, ADMIN_PASSWORD).status == 204
        wait_until(
            "certbot to notice",
            lambda: "authority unreachable" in project.logs("certbot"),
            seconds=30,
        )
        assert world.updates(project.domain) == []
    finally:
        world.connect()
    watch = Stopwatch()
    wait_until("the authority's certificate", lambda: issued(project), seconds=60)
    figures["from the Internet's return to the certificate"] = f"{watch.seconds:.1f} s"
    entries = wait_until(
        "the dynamic DNS update", lambda: world.updates(project.domain), seconds=90
    )
    figures["from the Internet's return to the name's update (interval 1m)"] = (
        f"{watch.seconds:.1f} s"
    )
    assert len(entries) == 1
    assert entries[0]["answer"] == "good 192.31.196.9"


def test_when_its_name_is_known_the_certificate_comes(nameless: Project) -> None:
    """It is known since the last but one test."""
    wait_until("the authority's certificate", lambda: issued(nameless), seconds=60)
    root = nameless.world.issuing_root()
    assert nameless.request(FIRST_CLIENT, "/api/request", trust=root).status == 200

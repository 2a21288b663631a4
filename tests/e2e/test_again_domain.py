"""A running public stack gets another password and another domain, and nobody is interrupted."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography import x509

from tests.bed.process import Done
from tests.e2e.again import PAST, certified_names, lives, rendered, watched
from tests.e2e.first_light import FirstLight, issued
from tests.e2e.project import ADMIN, ADMIN_PASSWORD, FIRST_CLIENT, SECOND_CLIENT, Project
from tests.e2e.projects import Projects
from tests.e2e.provider import Provider
from tests.e2e.streams import live
from tests.e2e.waiting import BUSY, Stopwatch, wait_until

PORT = 8001
OTHER_PASSWORD = "n3w 'one', #\\ $HOME"
OTHER_ADDRESS = "192.31.196.21"
DOWNLOAD_SECONDS = 30


@pytest.fixture(scope="module")
def provider(projects: Projects, folder: Path) -> Iterator[Provider]:
    """A dynamic DNS provider of this stack's own."""
    found = Provider(projects.world, folder, PORT)
    found.instruct(hosts=["moving.example.test", "moved.example.test"])
    found.program.start()
    yield found
    found.program.stop()


@pytest.fixture(scope="module")
def old(first_light: FirstLight, projects: Projects, provider: Provider) -> Project:
    """A public stack with a certificate of the authority, which is there since `first_light`."""
    assert first_light.project.world.authority.process is not None
    project = projects.new("public", "moving", 12, settings=provider.settings)
    project.init()
    project.add_camera(*PAST)
    project.up()
    wait_until("the authority's certificate", lambda: issued(project), seconds=60)
    wait_until("the first update", lambda: provider.updates(project.domain), seconds=30)
    return project


@dataclass
class Move:
    """What was seen of a change of domain."""

    new: Project
    command: Done
    up: Done
    before: dict[str, tuple[str, str, int]]
    old_certificate: x509.Certificate | None
    gap: float
    updates: int
    seconds_to_certificate: float = 0.0
    figures: dict[str, str] = field(default_factory=dict)


def certified(project: Project) -> bool:
    """Say whether the certificate that is served is for this very name."""
    served = project.certificate()
    return served is not None and certified_names(served) == [project.domain]


@pytest.fixture(scope="module")
def move(old: Project, provider: Provider, figures: dict[str, str]) -> Move:
    """The change of domain, with somebody looking live and downloading under the old name."""
    new = replace(old, name="moved")
    old.world.know(new.domain, old.address)
    before, certificate, told = lives(old), old.certificate(), len(provider.updates(new.domain))
    with watched(old, DOWNLOAD_SECONDS) as seen:
        began = time.time()
        command = old.nvrstack("domain", new.domain, "--keep-old-as-redirect", "--yes")
        watch = Stopwatch()
        up = old.up()
        wait_until("the new name", new.serves, seconds=20)
        figures["from `nvrstack domain` to Moonfire's answer under the new name"] = (
            f"{watch.seconds:.1f} s"
        )
        assert seen.downloading, "the download was to be under way"
        # Until then the old one is served, which the same authority signed.
        wait_until("the new certificate", lambda: certified(new), seconds=90)
        seconds = watch.seconds
        figures["from `nvrstack domain` to the new name's certificate"] = f"{seconds:.1f} s"
        seen.assert_complete(DOWNLOAD_SECONDS)
        seen.assert_streaming()
    gap = old.recorder.longest_gap(began)
    figures["without recording, change of domain"] = f"{gap:.2f} s"
    return Move(new, command, up, before, certificate, gap, told, seconds)


def test_the_new_name_gets_a_certificate_of_its_own(move: Move) -> None:
    assert move.seconds_to_certificate < 60 * BUSY
    assert "Certbot failed" not in move.new.logs("certbot"), "nginx is to know the name before"
    assert certified_names(move.new.certificate()) == [move.new.domain]
    answer = move.new.request(FIRST_CLIENT, "/api/request", trust=move.new.world.issuing_root())
    assert answer.status == 200
    assert answer.value("host") == f'Some("{move.new.domain}")'
    assert answer.value("secure") == "true"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("netns", [FIRST_CLIENT, SECOND_CLIENT])
def test_the_old_name_leads_to_the_new_one(
    move: Move, old: Project, scheme: str, netns: str
) -> None:
    root = old.world.issuing_root()
    answer = old.request(netns, f"{scheme}://{old.domain}/some/page?and=more", trust=root)
    assert answer.status == 301, answer
    assert answer.header("location") == [f"{move.new.origin}/some/page?and=more"]


def test_the_old_name_keeps_its_certificate(move: Move, old: Project) -> None:
    shown = old.certificate()
    assert shown == move.old_certificate, "no need to ask the authority for another one"
    assert certified_names(shown) == [old.domain]


def test_http_leads_to_https_under_the_new_name(move: Move) -> None:
    answer = move.new.request(FIRST_CLIENT, f"http://{move.new.domain}/page")
    assert answer.header("location") == [f"{move.new.origin}/page"]
    short = move.new.request(FIRST_CLIENT, "http://nvr/page")
    assert short.header("location") == [f"{move.new.origin}/page"]


def test_no_recording_is_lost(move: Move, old: Project) -> None:
    assert move.gap == 0
    assert old.recorder.records()


def test_moonfire_and_nginx_are_the_same_containers(move: Move, old: Project) -> None:
    after = lives(old)
    for service in ("moonfire-nvr", "nginx"):
        assert after[service] == move.before[service]


def test_the_provider_is_told_of_the_new_name(move: Move, old: Project, provider: Provider) -> None:
    assert move.updates == 0
    entries = wait_until("the update", lambda: provider.updates(move.new.domain), seconds=20)
    assert [entry["answer"] for entry in entries] == [f"good {provider.address}"]
    assert old.domain in (old.directory / "ddclient/ddclient.conf").read_text(), "it is kept, too"


def test_the_owner_reads_the_new_name(move: Move, old: Project) -> None:
    site = tomllib.loads((old.directory / "nvrstack.toml").read_text())["site"]
    assert site["domain"] == move.new.domain
    assert site["redirects"] == [old.domain]
    readme = (old.directory / "README.md").read_text()
    assert f"\nYour cameras are at {move.new.origin}/\n" in readme
    assert old.domain not in readme.partition("## In your router")[0]
    assert old.nvrstack("get", "site.domain").stdout == f"{move.new.domain}\n"
    assert old.nvrstack("render", "--check").stdout == "Nothing to change.\n"


def test_one_signs_in_and_looks_live_under_the_new_name(move: Move) -> None:
    assert move.new.log_in(ADMIN, ADMIN_PASSWORD).status == 204
    with live(move.new, move.new.cookie()) as view:
        view.wait_for(5)
        view.assert_in_order()


def test_a_new_password_of_the_provider_is_taken_up(
    move: Move, old: Project, provider: Provider, figures: dict[str, str]
) -> None:
    """ddclient speaks to its provider only about another address, so that changes as well; and
    only half a minute after the last time, which the change of domain was."""
    domain = move.new.domain
    before, told = lives(old), len(provider.updates(domain))
    provider.instruct(password=OTHER_PASSWORD, address=OTHER_ADDRESS)
    (old.directory / "secrets/ddns_password").write_text(f"{OTHER_PASSWORD}\n")
    assert rendered(old) == {"ddclient/ddclient.conf": "update"}
    watch = Stopwatch()
    old.up()
    entries = wait_until("the update", lambda: provider.updates(domain)[told:], seconds=30)
    figures["from a new DDNS password to its use (up -d)"] = f"{watch.seconds:.1f} s"
    (entry,) = entries
    assert entry["authorized"] is True, "only the new password is right"
    assert set(entry["answer"].split("\n")) == {f"good {OTHER_ADDRESS}"}
    after = lives(old)
    for service in ("moonfire-nvr", "nginx", "certbot"):
        assert after[service] == before[service]

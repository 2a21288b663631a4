"""`nvrstack init`, then `docker compose up -d`, and nothing else."""

from __future__ import annotations

import json

from nvrstack.host.terminal_codes import without_codes as plain
from tests.e2e.first_light import FirstLight, gate_camera
from tests.e2e.project import ADMIN, FIRST_CLIENT, Project
from tests.e2e.projects import lines_of_step
from tests.e2e.waiting import BUSY, wait_until
from tests.e2e.world import LOGIN


def test_init_says_what_is_left_to_do(first_light: FirstLight) -> None:
    told = json.loads(first_light.init.stdout)
    assert told["schema"] == 1
    assert told["has_database"] is True
    assert told["user"] == ADMIN
    assert told["url"] == f"{first_light.project.origin}/"
    start = lines_of_step(told, "Start it")
    assert start == [f"cd {first_light.project.directory}", "docker compose up -d"]


def test_https_answers_at_once_with_the_placeholder(first_light: FirstLight) -> None:
    assert first_light.issuer_at_first == "placeholder"
    assert first_light.first_answer.value("secure") == "true"
    assert not first_light.first_answer.header("strict-transport-security")


def test_without_the_authority_certbot_waits_and_the_placeholder_stays(
    first_light: FirstLight,
) -> None:
    assert "authority unreachable" in first_light.certbot_without_authority
    assert first_light.served_without_authority == "placeholder"


def test_the_certificate_comes_within_a_minute_of_the_authority(first_light: FirstLight) -> None:
    assert first_light.seconds_to_certificate < 60 * BUSY


def test_the_certificate_is_valid_for_the_name(public: Project) -> None:
    root = public.world.issuing_root()
    assert public.request(FIRST_CLIENT, "/api/request", trust=root).status == 200
    elsewhere = public.request(FIRST_CLIENT, "/api/request", trust=public.world.authority_root)
    assert elsewhere.curl == 60, "curl must be able to refuse a certificate here"


def test_no_hsts_while_only_the_owner_trusts_the_authority(public: Project) -> None:
    assert public.issuer() == "authority"
    assert not public.request(FIRST_CLIENT, "/").header("strict-transport-security")


def test_compose_accepts_the_project(public: Project) -> None:
    assert public.compose("config", "--quiet").stderr == ""


def test_the_dynamic_dns_provider_got_one_update(public: Project) -> None:
    updates = lambda: public.world.updates(public.domain)  # noqa: E731
    entries = wait_until("the update", updates, seconds=30)
    assert len(entries) == 1, entries
    (entry,) = entries
    assert entry["authorized"] is True
    assert entry["user"] == LOGIN
    assert entry["query"]["myip"] == "192.31.196.9"
    assert entry["answer"] == "good 192.31.196.9"


def test_moonfire_reaches_its_camera(public: Project) -> None:
    """The camera stands where only the way out by the `cameras` network leads."""
    camera = gate_camera(public)
    recording = public.samples / "0000000300000000"
    assert f"opening input url={camera.urls['main']}" in plain(public.logs("moonfire-nvr"))
    assert not recording.exists()
    camera.start()
    try:
        wait_until(
            "the camera's first recording",
            lambda: recording.exists() and recording.stat().st_size > 0,
            seconds=15,
        )
    finally:
        camera.stop()

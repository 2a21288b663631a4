"""run.sh with the real ddclient: told once, told again when something changed, and honest."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import ddclients
from tests.contract.rendered import PASSWORD
from tests.contract.updater import ADDRESS, Provider, Updater, provider, updater

pytestmark = pytest.mark.usefixtures("server")

RELEASES = [release for release in ddclients.releases() if release != ddclients.OLDER_SUITE]
"""3.10 forgets with each run what it told a provider of IPv4 addresses; it is in no image."""


@pytest.fixture
def server(tmp_path: Path, netns: str) -> Iterator[Provider]:
    with provider(tmp_path, netns) as made:
        yield made


@pytest.fixture
def service(tmp_path: Path, netns: str) -> Updater:
    return updater(tmp_path, netns)


@pytest.mark.parametrize("release", RELEASES)
def test_one_update_at_the_start_and_none_after_a_restart(
    release: str, server: Provider, tmp_path: Path, netns: str
) -> None:
    made = updater(tmp_path, netns, release)
    with made.run() as running:
        assert server.was_asked(1), running.text()
        assert made.ran()
    (update,) = server.updates()
    assert update["query"]["hostname"] == "nvr.example.com"
    assert update["query"]["myip"] == ADDRESS
    assert (update["user"], update["authorized"]) == ("me", True)
    assert update["answer"] == f"good {ADDRESS}"
    health = made.health()
    assert (health.returncode, health.stdout) == (0, "ok\n")

    for _ in range(2):
        (made.state / "last-run").unlink()
        with made.run():
            assert made.ran()
    assert len(server.updates()) == 1
    assert made.health().returncode == 0


def test_a_changed_configuration_is_taken_up(server: Provider, service: Updater) -> None:
    with service.run() as running:
        assert server.was_asked(1), running.text()
        service.change({"ddns": {"hosts": ["nvr.example.com", "second.example.com"]}})
        assert server.was_asked(2, seconds=10), running.text()
    assert server.updates()[1]["query"]["hostname"] == "second.example.com"
    assert service.health().stdout == "ok\n"


@pytest.mark.parametrize("release", RELEASES)
def test_a_refusal_is_told_and_not_repeated(
    release: str, server: Provider, tmp_path: Path, netns: str
) -> None:
    made = updater(tmp_path, netns, release)
    server.answers("badauth")
    # 3.11 forgets with the second run that the first one failed, 4.0 does not.
    for _ in range(2 if release == "own" else 4):
        (made.state / "last-run").unlink(missing_ok=True)
        with made.run() as running:
            assert made.ran(), running.text()
        health = made.health()
        assert health.returncode == 1
        assert health.stdout.startswith("the provider accepted 0 of 1 names")
        assert PASSWORD not in health.stdout + running.text()
    assert len(server.updates()) == 1


def test_a_wrong_password_shows_what_the_provider_said(server: Provider, service: Updater) -> None:
    server.answers(password="another")
    with service.run() as running:
        assert service.ran(), running.text()
        assert running.says("badauth")
    assert "badauth" in service.health().stdout


def test_an_odd_answer_does_not_put_the_password_into_the_log(
    server: Provider, service: Updater, tmp_path: Path
) -> None:
    """ddclient itself prints what it sent when it gets an answer that it cannot read."""
    chatty = tmp_path / "chatty"
    chatty.write_text('#!/bin/sh\ncat "${1#-file=}"; echo; echo "again: $(cat /secret)."\n')
    chatty.chmod(0o755)
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD)
    talking = service.container.with_mount("/usr/bin/ddclient", chatty)
    with talking.with_mount("/secret", secret).started(service.log) as running:
        assert running.says("again: [hidden].")
        assert running.says("password='[hidden]'")
        assert PASSWORD not in running.text()
    assert PASSWORD not in (service.state / "last-output").read_text()


def test_health_before_the_first_update_and_after_the_last(
    server: Provider, service: Updater
) -> None:
    assert service.health().returncode == 1
    with service.run():
        assert service.ran()
    assert service.health().returncode == 0
    long_ago = time.time() - 3600
    os.utime(service.state / "last-run", (long_ago, long_ago))
    health = service.health()
    assert health.returncode == 1
    assert health.stdout.startswith("ddclient has not run for 36")


def test_only_the_names_of_today_count(server: Provider, service: Updater) -> None:
    """The cache keeps whatever ddclient once updated."""
    hosts = ["nvr.example.com", "stranger.example.com"]
    told = []
    for change in ({}, {"ddns": {"hosts": hosts}}, {}):
        service.change(change)
        (service.state / "last-run").unlink(missing_ok=True)
        with service.run() as running:
            assert service.ran(), running.text()
        told.append(service.health().stdout.splitlines()[0])
    assert told == [
        "ok",
        "the provider accepted 1 of 2 names; last words of ddclient:",
        "ok",
    ]


def test_it_ends_at_once(server: Provider, service: Updater) -> None:
    with service.run() as running:
        assert service.ran(), running.text()
        running.process.terminate()
        assert running.ended(seconds=2) is not None


def test_it_ends_in_time_while_the_provider_keeps_silent(
    server: Provider, service: Updater
) -> None:
    server.answers("timeout")
    with service.run() as running:
        assert server.was_asked(1), running.text()
        running.process.terminate()
        assert running.ended(seconds=4) is not None

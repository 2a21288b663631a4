"""Visitors who send half, read nothing, or guess passwords: who looks and what records goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.contract.crowd import HALF, crowd
from tests.e2e.again import PAST, lives, watched
from tests.e2e.project import FIRST_CLIENT, SECOND_CLIENT, Project
from tests.e2e.projects import Projects
from tests.e2e.streams import view
from tests.e2e.waiting import wait_until

HALF_SENT = 2200
READING_NOTHING = 60
GUESSES = 60
SECONDS = 60
"""At most without a recording, where a busy machine computes some hashes; `figures` tells."""


@pytest.fixture(scope="module")
def stormy(projects: Projects) -> Project:
    """A stack with the limits that it has by itself."""
    project = projects.new("lan", "stormy", 15)
    project.init()
    project.add_camera(*PAST)
    project.up()
    wait_until("Moonfire's answer", project.serves, seconds=30)
    return project


@contextmanager
def going_on(project: Project, figures: dict[str, str], what: str) -> Iterator[Callable[[], None]]:
    """Look live, download and record through the block, and lend what tells that it goes on."""
    before = lives(project)
    with watched(project, 12) as seen:
        began = time.time()

        def assert_well() -> None:
            seen.assert_streaming()
            assert project.request(FIRST_CLIENT, "/").status == 200
            now = time.time()
            recorded = lambda: project.recorder.recorded_after(now)  # noqa: E731
            wait_until("a recording", recorded, seconds=SECONDS)

        yield assert_well
        assert_well()
        seen.assert_complete(60)
    gap = project.recorder.longest_gap(began)
    figures[f"longest gap of recordings, {what}"] = f"{gap:.1f} s"
    assert gap < SECONDS
    assert lives(project) == before, "nothing was restarted"


def command(project: Project) -> list[str]:
    """What leads into the attacker's namespace."""
    return project.world.bed.command([], SECOND_CLIENT)


@pytest.mark.parametrize(("port", "number"), [(80, HALF_SENT), (443, 300)])
def test_half_sent_requests(
    stormy: Project, figures: dict[str, str], port: int, number: int
) -> None:
    name = stormy.domain if port == 443 else None
    with (
        going_on(stormy, figures, f"half-sent requests to {port}") as assert_well,
        crowd(command(stormy), stormy.address, port, number, HALF, name) as made,
    ):
        assert made == number
        assert_well()


def test_visitors_who_read_nothing_of_what_they_asked_for(
    stormy: Project, figures: dict[str, str]
) -> None:
    cookie = stormy.cookie()
    path = view(len(PAST))
    head = f"GET {path} HTTP/1.1\r\nHost: {stormy.domain}\r\nCookie: {cookie}\r\n\r\n".encode()
    with (
        going_on(stormy, figures, "visitors who read nothing") as assert_well,
        crowd(command(stormy), stormy.address, 443, READING_NOTHING, head, stormy.domain) as made,
    ):
        assert made == READING_NOTHING
        assert_well()


def test_guesses_at_a_password(stormy: Project, figures: dict[str, str]) -> None:
    with (
        going_on(stormy, figures, "guesses at a password") as assert_well,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = pool.map(
            lambda number: stormy.log_in("admin", f"guess {number}", SECOND_CLIENT), range(GUESSES)
        )
        statuses = [answer.status for answer in answers]
        refused = statuses.count(429)
        assert refused > 0
        assert GUESSES - refused < 20, "hashed, while nothing is recorded"
        assert_well()

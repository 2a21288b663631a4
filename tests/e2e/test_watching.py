"""Signing in, looking live, downloading: what the owner does all day."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from os import kill
from pathlib import Path

import pytest

from tests.bed.process import alive
from tests.e2e import streams
from tests.e2e.first_light import GIB_OF_PAST
from tests.e2e.project import ADMIN, ADMIN_PASSWORD, FIRST_CLIENT, SECOND_CLIENT, Project
from tests.e2e.waiting import BUSY, Stopwatch, wait_until

GIB = 1 << 30


@pytest.fixture(scope="module")
def cookie(public: Project) -> str:
    return public.cookie()


@pytest.fixture
def file(folder: Path) -> Iterator[Path]:
    path = folder / "recording.mp4"
    yield path
    path.unlink(missing_ok=True)


def test_nobody_looks_without_an_account(public: Project) -> None:
    assert public.request(FIRST_CLIENT, "/api/").status == 401


def test_the_page_itself_is_there(public: Project) -> None:
    answer = public.request(FIRST_CLIENT, "/")
    assert answer.status == 200
    assert "Moonfire NVR" in answer.body
    assert answer.header("x-content-type-options") == ["nosniff"]


def test_the_cookie_is_for_https_alone(public: Project) -> None:
    answer = public.log_in(ADMIN, ADMIN_PASSWORD)
    assert answer.status == 204
    (cookie,) = answer.header("set-cookie")
    attributes = {word.strip() for word in cookie.split(";")[1:]}
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= attributes


def test_a_wrong_password_is_refused(public: Project) -> None:
    answer = public.log_in(ADMIN, "not the password")
    assert answer.status == 401
    assert not answer.header("set-cookie")


def test_the_cookie_lets_one_in(public: Project, cookie: str) -> None:
    answer = public.request(FIRST_CLIENT, "/api/", "--cookie", cookie)
    assert answer.status == 200
    assert json.loads(answer.body)["user"]["name"] == ADMIN
    assert public.request(FIRST_CLIENT, "/api/", "--cookie", f"{cookie[:-4]}AAAA").status == 401


def test_the_live_view_streams(public: Project, cookie: str) -> None:
    with streams.live(public, cookie) as view:
        assert view.status == "HTTP/1.1 101 Switching Protocols"
        view.wait_for(10)
        view.assert_in_order()


def test_the_live_view_is_not_buffered(public: Project, cookie: str) -> None:
    """Ten frames a second are sent, so that 20 take two seconds and not a buffer's time."""
    with streams.live(public, cookie) as view:
        view.wait_for(6)
        watch = Stopwatch()
        view.wait_for(20)
        assert 1 < watch.seconds < 4 * BUSY


def test_the_live_view_is_for_our_own_page(public: Project, cookie: str) -> None:
    with streams.live(public, cookie, origin="https://evil.example") as view:
        assert view.status.startswith("HTTP/1.1 403")


def test_the_live_view_needs_a_session(public: Project) -> None:
    with streams.live(public, "s=nothing") as view:
        wait_until("the end", lambda: view.closed, seconds=5)
        assert view.parts == []
        assert "UNAUTHENTICATED" in "\n".join(view.lines)


def test_a_gigabyte_is_downloaded_in_two_goes(
    public: Project, cookie: str, file: Path, folder: Path, figures: dict[str, str]
) -> None:
    count, size = len(GIB_OF_PAST), streams.length(public, cookie, len(GIB_OF_PAST))
    assert size > GIB
    command = streams.download_command(public, cookie, count, file)
    watch = Stopwatch()
    with streams.background(public, command, folder / "first-go.txt") as pid:
        wait_until(
            "a third of it",
            lambda: file.exists() and file.stat().st_size > GIB // 3,
            seconds=60,
            every=0.02,
        )
        kill(pid, signal.SIGKILL)
        wait_until("the end of the first go", lambda: not alive(pid), seconds=5, every=0.02)
    assert GIB // 3 < file.stat().st_size < GIB, "the first go was to be interrupted"
    first = file.stat().st_size
    headers = folder / "second-go.txt"
    resume = ["--continue-at", "-", "--dump-header", str(headers)]
    command = streams.download_command(public, cookie, count, file, *resume)
    public.world.bed.run(command, FIRST_CLIENT, timeout=130)
    figures["1 GiB in two goes, over https"] = f"{watch.seconds:.1f} s"
    assert f"content-range: bytes {first}-{size - 1}/{size}" in headers.read_text().lower()
    streams.assert_right_bytes(file, GIB_OF_PAST)


def test_a_burst_of_attempts_to_sign_in_is_stopped(public: Project) -> None:
    """From the second client, so that the first is not locked out: it is not."""
    # All at once: each takes as long as a hash does, and in that time one more is allowed.
    with ThreadPoolExecutor(12) as pool:
        guesses = [pool.submit(public.log_in, ADMIN, "a guess", SECOND_CLIENT) for _ in range(12)]
    codes = [guess.result().status for guess in guesses]
    assert set(codes) >= {401, 429}, codes
    assert 204 not in codes
    assert public.request(SECOND_CLIENT, "/api/request").status == 200, "only signing in is limited"
    assert public.log_in(ADMIN, ADMIN_PASSWORD, FIRST_CLIENT).status == 204


def test_everything_is_healthy_in_the_end(public: Project) -> None:
    def health() -> dict[str, str]:
        lines = public.compose("ps", "--all", "--format", "json").stdout.splitlines()
        return {entry["Service"]: entry["Health"] for entry in map(json.loads, lines)}

    # The first check comes a minute after the start.
    wait_until("a word from each", lambda: "starting" not in health().values(), seconds=80)
    assert health() == {
        "nginx": "healthy",
        "certbot": "healthy",
        "ddclient": "healthy",
        "moonfire-nvr": "",
    }

"""nginx follows its files: what is changed is served soon, and what runs goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import streams
from tests.e2e.again import PAST, RATE
from tests.e2e.project import FIRST_CLIENT, Project
from tests.e2e.waiting import Stopwatch, wait_until

SECONDS = 15
EXTRA = "extra.example.test"
DOWNLOAD_SECONDS = 30


@pytest.fixture
def custom(lan: Project) -> Iterator[Path]:
    """A file of the owner's own, and nginx's container as it was."""
    file = lan.directory / "nginx/custom.d/extra.conf"
    before = lan.container("nginx")
    yield file
    file.unlink(missing_ok=True)
    wait_until("the file to be gone", lambda: says(lan) is None, seconds=SECONDS)
    after = lan.container("nginx")
    assert after["Id"] == before["Id"]
    assert after["State"]["StartedAt"] == before["State"]["StartedAt"], "no restart was needed"
    assert after["RestartCount"] == before["RestartCount"]


def says(project: Project) -> str | None:
    """Return what the extra site says, None while there is none."""
    answer = project.request(FIRST_CLIENT, f"http://{EXTRA}/")
    return answer.body if answer.status == 200 else None


def site(word: str) -> str:
    return f'server {{ listen 80; server_name {EXTRA}; return 200 "{word}"; }}\n'


def test_a_file_in_custom_d_takes_effect(
    lan: Project, custom: Path, figures: dict[str, str]
) -> None:
    assert says(lan) is None
    custom.write_text(site("one"))
    watch = Stopwatch()
    wait_until("the new site", lambda: says(lan) == "one", seconds=SECONDS)
    figures["from a new file in custom.d to its effect"] = f"{watch.seconds:.1f} s"
    replacement = custom.with_suffix(".new")
    replacement.write_text(site("two"))
    replacement.rename(custom)
    wait_until("the changed site", lambda: says(lan) == "two", seconds=SECONDS)


def test_a_broken_file_changes_nothing_until_it_is_mended(lan: Project, custom: Path) -> None:
    custom.write_text(site("good"))
    wait_until("the new site", lambda: says(lan) == "good", seconds=SECONDS)
    complaints = lan.logs("nginx").count("the configuration has an error")
    custom.write_text(f"no_such_directive on;\n{site('broken')}")

    def complained() -> bool:
        return lan.logs("nginx").count("the configuration has an error") > complaints

    wait_until("a word in the log", complained, seconds=SECONDS)
    assert 'unknown directive "no_such_directive"' in lan.logs("nginx")
    assert str(custom.name) in lan.logs("nginx")
    assert says(lan) == "good"
    assert lan.serves()
    custom.write_text(site("mended"))
    wait_until("the mended site", lambda: says(lan) == "mended", seconds=SECONDS)


def test_a_restart_with_a_broken_file_heals_when_it_is_mended(lan: Project) -> None:
    """No old configuration is left to go on with, but nothing has to be restarted by hand."""
    file = lan.directory / "nginx/custom.d/broken.conf"
    file.write_text("no_such_directive on;\n")
    try:
        lan.compose("restart", "--timeout", "5", "nginx")
        wait_until(
            "a word in the log",
            lambda: 'unknown directive "no_such_directive"' in lan.logs("nginx"),
            seconds=SECONDS,
        )
        assert not lan.serves()
    finally:
        file.unlink()
    wait_until("Moonfire's answer", lan.serves, seconds=SECONDS)


def test_streams_survive_a_reload(lan: Project, folder: Path) -> None:
    cookie = lan.cookie()
    settings = lan.directory / "nginx/sites/moonfire.conf"
    before = settings.read_text()
    file = folder / "slow.mp4"
    size = streams.length(lan, cookie, DOWNLOAD_SECONDS)
    slow = streams.download_command(
        lan, cookie, DOWNLOAD_SECONDS, file, "--limit-rate", str(2 * RATE)
    )
    with (
        streams.live(lan, cookie) as view,
        streams.background(lan, slow, folder / "slow.txt"),
    ):
        view.wait_for(3)
        try:
            marked = before.replace(
                "add_header", "add_header X-Reloaded yes always;\nadd_header", 1
            )
            assert marked != before
            settings.write_text(marked)
            wait_until(
                "the changed file's effect",
                lambda: lan.request(FIRST_CLIENT, "/").header("x-reloaded"),
                seconds=SECONDS,
            )
            assert 0 < file.stat().st_size < size, "the download was to be under way"
            view.wait_for(10)
            view.assert_in_order()
            assert not view.closed
            wait_until("the download's end", lambda: file.stat().st_size == size, seconds=40)
        finally:
            settings.write_text(before)
    streams.assert_right_bytes(file, PAST[:DOWNLOAD_SECONDS])
    wait_until(
        "the file as it was",
        lambda: not lan.request(FIRST_CLIENT, "/").header("x-reloaded"),
        seconds=SECONDS,
    )

"""What a further render changes for a running nginx, and that nobody has to restart anything."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.again import contents, last_moment, lives, rendered, watched
from tests.e2e.project import FIRST_CLIENT, SECOND_CLIENT, Project
from tests.e2e.waiting import BUSY, Stopwatch, wait_until

SECONDS = 15
PROMISED = 10
"""Within so many seconds a change takes effect, says README.md."""
CONF = "nginx/nginx.conf"
SITE = "nginx/sites/moonfire.conf"
MOMENT = 3
"""Seconds in which, after a reload, an old worker may still take a connection."""


@pytest.fixture(scope="module")
def home(lan: Project) -> Iterator[Project]:
    """The LAN stack. It is left as it was, and no container was restarted."""
    before, settings = lives(lan), (lan.directory / "nvrstack.toml").read_text()
    files = contents(lan.directory / "nginx")
    yield lan
    (lan.directory / "nvrstack.toml").write_text(settings)
    lan.nvrstack("render", "--yes", "--theirs")
    for path, content in files.items():
        # An edit in a place that the settings do not change is left alone.
        (lan.directory / "nginx" / path).write_bytes(content)
    assert contents(lan.directory / "nginx") == files
    assert lan.nvrstack("render", "--check").stdout == "Nothing to change.\n"
    wait_until("the short names as they were", lambda: not leads(lan, "mine"), seconds=SECONDS)
    wait_until("no limit", lambda: not limited(lan), seconds=SECONDS)
    assert lives(lan) == before


def limited(project: Project) -> bool:
    """Say whether a burst of attempts to sign in is stopped, as six in a row are here."""
    answers = (project.log_in("nobody", "a guess", SECOND_CLIENT) for _ in range(7))
    return any(answer.status == 429 for answer in answers)


def leads(project: Project, short_name: str) -> bool:
    """Say whether a short name leads to the page."""
    answer = project.request(FIRST_CLIENT, f"http://{short_name}/page")
    return answer.header("location") == [f"{project.origin}/page"]


def reloaded(project: Project) -> int:
    """Return how often nginx was reloaded."""
    return project.logs("nginx").count("start.sh: reloaded")


def edit(project: Project, path: str, before: str, after: str) -> None:
    """Change a rendered file as a person does."""
    text = (project.directory / path).read_text()
    assert text.count(before) == 1
    (project.directory / path).write_text(text.replace(before, after))


def test_a_change_takes_effect_while_streams_go_on(home: Project, figures: dict[str, str]) -> None:
    before = lives(home)
    assert not limited(home)
    with watched(home, 9) as seen:
        home.nvrstack("set", "access.login_rate", "2")
        assert rendered(home) == {CONF: "update"}
        watch = Stopwatch()
        wait_until("the limit", lambda: limited(home), seconds=SECONDS, every=0.1)
        figures["from `nvrstack render` to nginx's new limit, without `up -d`"] = (
            f"{watch.seconds:.1f} s"
        )
        assert watch.seconds < PROMISED * BUSY
        assert seen.downloading, "the download was to be under way"
        seen.assert_streaming()
        seen.assert_complete(30)
    answer = home.request(SECOND_CLIENT, "/api/request")
    assert answer.status == 200, "only signing in is limited"
    assert lives(home) == before


def test_an_edit_by_hand_and_a_render_are_both_in_force(
    home: Project, figures: dict[str, str]
) -> None:
    """One render changes other lines of two files that a person has edited."""
    assert home.request(FIRST_CLIENT, "/").header("x-frame-options") == ["SAMEORIGIN"]
    edit(home, CONF, "server_tokens off;", "server_tokens on;")
    edit(home, SITE, "add_header X-Frame-Options SAMEORIGIN", "add_header X-Frame-Options DENY")
    home.nvrstack("set", "access.login_rate", "6000")
    home.nvrstack("set", "site.short_names", "nvr,cams")
    assert rendered(home) == {CONF: "merge", SITE: "merge"}
    watch = Stopwatch()
    wait_until("the new short name", lambda: leads(home, "cams"), seconds=SECONDS, every=0.1)
    figures["from a merge to its effect in nginx"] = f"{watch.seconds:.1f} s"
    assert leads(home, "nvr")
    wait_until("the end of the limit", lambda: not limited(home), seconds=MOMENT)
    answer = home.request(FIRST_CLIENT, "/")
    assert answer.status == 200
    assert answer.header("x-frame-options") == ["DENY"]
    assert answer.header("server")[0].startswith("nginx/")
    assert home.nvrstack("render", "--check", check=False).returncode == 0, "edits may stay"


def test_a_conflict_changes_nothing_and_what_was_replaced_comes_back(home: Project) -> None:
    """A person and the settings disagree about the short names."""
    edit(home, SITE, "server_name nvr cams;", "server_name nvr cams mine;")
    wait_until("the edit's effect", lambda: leads(home, "mine"), seconds=SECONDS)
    home.nvrstack("set", "site.short_names", "nvr")
    before, reloads = contents(home.directory), reloaded(home)
    done = home.nvrstack("render", "--yes", check=False)
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()[-2:]
    assert error.startswith("error: ")
    assert SITE in error
    assert "nothing was changed" in error
    assert "--mine" in hint
    assert "--theirs" in hint
    after = contents(home.directory)
    differing = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert {path for path in differing if not path.startswith("data/")} == set()
    assert leads(home, "mine")

    assert rendered(home, "--theirs") == {SITE: "update", CONF: "keep"}, "the other edit stays"
    wait_until("the rendered file's effect", lambda: not leads(home, "mine"), seconds=SECONDS)
    wait_until("the same for the other name", lambda: not leads(home, "cams"), seconds=MOMENT)
    assert leads(home, "nvr")
    wait_until("the word of one reload", lambda: reloaded(home) > reloads, seconds=5)
    assert reloaded(home) == reloads + 1, "the conflict itself gave no reason for one"

    told = json.loads(home.nvrstack("restore", last_moment(home), "--yes", "--json").stdout)
    assert told["restored"] == [SITE]
    wait_until("the restored file's effect", lambda: leads(home, "mine"), seconds=SECONDS)
    wait_until("the same for the other name", lambda: leads(home, "cams"), seconds=MOMENT)
    assert home.request(FIRST_CLIENT, "/").header("x-frame-options") == ["DENY"]
    assert home.serves()

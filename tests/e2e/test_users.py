"""`nvrstack user`, while the server runs and while it is stopped; each time somebody signs in."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.ordinary import as_user
from tests.e2e.project import ADMIN, FIRST_CLIENT, Project
from tests.e2e.terminal import typed
from tests.e2e.waiting import wait_until

PASSWORD = "täglich \"neu\" 'x' \\ $HOME"
OTHER = "a whole new world"
PLAIN = "look at this"


@pytest.fixture(params=["running", "stopped"])
def server(request: pytest.FixtureRequest, lan: Project) -> Iterator[str]:
    """Whether Moonfire runs while nvrstack is used."""
    if request.param == "stopped":
        lan.compose("stop", "moonfire-nvr")
    yield request.param
    start(lan)


def start(project: Project) -> None:
    """Let Moonfire run again."""
    project.compose("start", "moonfire-nvr")
    wait_until("Moonfire's answer", project.serves, seconds=20)


def add(project: Project, name: str, password: str, *options: str) -> None:
    project.nvrstack("user", "add", name, "--password-stdin", *options, input=f"{password}\n")


def names(project: Project) -> dict[str, list[str]]:
    told = json.loads(project.nvrstack("user", "list", "--json").stdout)
    assert told["schema"] == 1
    return {user["name"]: user["permissions"] for user in told["users"]}


def test_an_account_is_made(lan: Project, server: str) -> None:
    name = f"made-{server}"
    assert name not in names(lan)
    add(lan, name, PLAIN)
    assert names(lan)[name] == ["viewVideo"]
    start(lan)
    assert lan.log_in(name, "look at that").status == 401
    assert lan.log_in(name, PLAIN).status == 204


def test_an_admin_may_do_everything(lan: Project, server: str) -> None:
    name = f"admin-{server}"
    add(lan, name, PLAIN, "--admin")
    start(lan)
    cookie = lan.cookie(name, PLAIN)
    assert lan.request(FIRST_CLIENT, "/api/users/", "--cookie", cookie).status == 200
    if server == "stopped":
        add(lan, "no-admin", PLAIN)
        other = lan.cookie("no-admin", PLAIN)
        assert lan.request(FIRST_CLIENT, "/api/users/", "--cookie", other).status == 401


def test_a_password_is_changed(lan: Project, server: str) -> None:
    name = f"changed-{server}"
    add(lan, name, PLAIN)
    done = lan.nvrstack("user", "passwd", name, "--password-stdin", input=f"{OTHER}\n")
    assert done.stdout == f"{name} has a new password.\n"
    start(lan)
    assert lan.log_in(name, PLAIN).status == 401
    assert lan.log_in(name, OTHER).status == 204


def test_an_account_is_removed_with_its_sessions(lan: Project, server: str) -> None:
    name = f"removed-{server}"
    add(lan, name, PLAIN)
    start(lan)
    cookie = lan.cookie(name, PLAIN)
    assert lan.request(FIRST_CLIENT, "/api/", "--cookie", cookie).status == 200
    if server == "stopped":
        lan.compose("stop", "moonfire-nvr")
    lan.nvrstack("user", "rm", name)
    assert name not in names(lan)
    start(lan)
    assert lan.request(FIRST_CLIENT, "/api/", "--cookie", cookie).status == 401
    assert lan.log_in(name, PLAIN).status == 401


def test_an_odd_password_is_either_kept_exactly_or_refused(lan: Project, server: str) -> None:
    """The running server cannot read a JSON string with an escape in it; its database can."""
    command = ["user", "add", "odd", "--password-stdin"]
    done = lan.nvrstack(*command, input=f"{PASSWORD}\n", check=False)
    if server == "running":
        assert done.returncode == 2
        assert "stop moonfire-nvr" in done.stderr
        assert "odd" not in names(lan)
    else:
        start(lan)
        assert lan.log_in("odd", PASSWORD).status == 204


def test_moonfire_may_start_while_somebody_thinks_of_a_password(lan: Project) -> None:
    """Whoever is asked holds no lock; and what came up meanwhile is told."""
    lan.compose("stop", "moonfire-nvr")
    command = f"nvrstack --project {lan.directory} user add thinker"
    shown = typed(lan, command, {"Password:": PLAIN, "Repeat": PLAIN}, lambda: start(lan))
    assert PLAIN not in shown
    assert lan.log_in("thinker", PLAIN).status == 204


MISTAKES = {
    "duplicate": (["add", ADMIN, "--password-stdin"], PLAIN, "there is already a user 'admin'"),
    "unknown to passwd": (["passwd", "nobody", "--password-stdin"], PLAIN, "no user 'nobody'"),
    "unknown to rm": (["rm", "nobody"], "", "there is no user 'nobody'"),
    "short password": (["add", "short", "--password-stdin"], "seven77", "shorter than 8"),
    "no password": (["add", "short"], "", "no password was given"),
    "odd name": (["add", 'a"b', "--password-stdin"], PLAIN, "not usable as a user name"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_in_a_sentence(
    lan: Project, server: str, mistake: tuple[list[str], str, str]
) -> None:
    before = names(lan)
    words, password, sentence = mistake
    done = lan.nvrstack("user", *words, input=f"{password}\n", check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert sentence in error
    assert hint.startswith("hint: ")
    assert names(lan) == before, server


def test_moonfires_own_uid_needs_no_root(lan: Project, server: str) -> None:
    name = f"own-{server}"
    uid = lan.state_dir.stat().st_uid
    assert uid != 0
    command = ["user", "add", name, "--password-stdin"]
    lan.nvrstack(*command, before=as_user(uid), input=f"{PLAIN}\n")
    start(lan)
    assert lan.log_in(name, PLAIN).status == 204


def test_another_uid_is_told_to_use_sudo(lan: Project, server: str) -> None:
    before = names(lan)
    command = ["user", "add", "stranger", "--password-stdin"]
    done = lan.nvrstack(*command, before=as_user(4321), input=f"{PLAIN}\n", check=False)
    assert done.returncode == 3, done
    assert done.stderr.startswith("error: ")
    assert "sudo" in done.stderr
    assert names(lan) == before, server

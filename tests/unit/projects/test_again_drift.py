"""Files that a person edited: no hand edit is ever lost, whatever the settings ask for."""

import os
from pathlib import Path

import pytest

from tests.unit.projects.made import NGINX, edit, made, render, traces

SETTINGS = "nvrstack.toml"
BACKUPS = ".nvrstack/backups"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as `init` leaves it."""
    return made(tmp_path / "p")


def ask_for_another_rate(folder: Path) -> None:
    """Let the settings ask for one other line in nginx.conf."""
    edit(folder / SETTINGS, "login_rate = 10", "login_rate = 11")


def backups(folder: Path, path: str) -> list[bytes]:
    """What was kept of a file, the oldest first."""
    return [(moment / path).read_bytes() for moment in sorted((folder / BACKUPS).iterdir())]


def test_an_edit_elsewhere_in_the_file_is_merged(project: Path) -> None:
    edit(project / NGINX, "server_tokens off;", "server_tokens off;\n    gzip on;")
    edited = (project / NGINX).read_bytes()
    ask_for_another_rate(project)
    done = render(project, "--yes")
    assert done.code == 0
    text = (project / NGINX).read_text()
    assert "\n    gzip on;\n" in text
    assert "rate=11r/m" in text
    assert text == edited.decode().replace("rate=10r/m", "rate=11r/m")
    assert f"{NGINX}: your edit is merged in" in done.stdout
    assert backups(project, NGINX) == [edited]


def test_a_merge_is_reported_as_one_before_it_is_applied(project: Path) -> None:
    edit(project / NGINX, "server_tokens off;", "server_tokens off;\n    gzip on;")
    ask_for_another_rate(project)
    before = traces(project)
    shown = render(project, "--check")
    assert (shown.code, "gzip" in shown.stdout.partition("@@")[2].replace(" ", "\n")) == (1, False)
    assert render(project, "--check", "--json").json()["changes"] == [
        {"path": NGINX, "kind": "merge"}
    ]
    assert traces(project) == before


def test_a_merged_edit_survives_the_next_change_too(project: Path) -> None:
    edit(project / NGINX, "server_tokens off;", "server_tokens off;\n    gzip on;")
    for old, new in ((10, 11), (11, 12), (12, 10)):
        edit(project / SETTINGS, f"login_rate = {old}", f"login_rate = {new}")
        assert render(project, "--yes").code == 0
        text = (project / NGINX).read_text()
        assert "\n    gzip on;\n" in text
        assert f"rate={new}r/m" in text
        assert render(project, "--check").code == 0


@pytest.mark.parametrize("options", [("--yes",), ("--yes", "--json"), ()])
def test_an_edit_in_the_same_place_is_refused_and_nothing_is_written(
    project: Path, options: tuple[str, ...]
) -> None:
    edit(project / NGINX, "rate=10r/m", "rate=99r/m")
    ask_for_another_rate(project)
    # Another file would change without any conflict: it must not either.
    edit(project / SETTINGS, 'memory_limit = "1g"', 'memory_limit = "2g"')
    before = traces(project)
    done = render(project, *options)
    assert done.code == 1
    assert f"in the same place: {NGINX}; nothing was changed" in done.stdout + done.stderr
    assert "compose.yaml" not in done.stderr
    assert "--mine" in done.stdout + done.stderr
    assert traces(project) == before


def test_a_conflict_shows_both_sides(project: Path) -> None:
    edit(project / NGINX, "rate=10r/m", "rate=99r/m")
    ask_for_another_rate(project)
    shown = render(project, "--check")
    assert shown.code == 1
    lines = [line[:1] + line.rpartition("rate=")[2] for line in shown.stdout.splitlines()]
    assert {"-99r/m;", "+11r/m;"} <= set(lines)


def test_mine_keeps_the_edited_file_and_applies_the_rest(project: Path) -> None:
    edit(project / NGINX, "rate=10r/m", "rate=99r/m")
    ask_for_another_rate(project)
    edit(project / SETTINGS, 'memory_limit = "1g"', 'memory_limit = "2g"')
    mine = (project / NGINX).read_bytes()
    done = render(project, "--yes", "--mine")
    assert done.code == 0
    assert f"{NGINX}: edited by hand, left as it is" in done.stdout
    assert (project / NGINX).read_bytes() == mine
    assert 'mem_limit: "2g"' in (project / "compose.yaml").read_text()


def test_mine_is_chosen_once_and_not_asked_for_again(project: Path) -> None:
    edit(project / NGINX, "rate=10r/m", "rate=99r/m")
    ask_for_another_rate(project)
    mine = (project / NGINX).read_bytes()
    assert render(project, "--yes", "--mine").code == 0
    for options in ((), ("--yes",), ("--check",)):
        assert render(project, *options).code == 0
    assert (project / NGINX).read_bytes() == mine


def test_theirs_takes_the_rendered_file_and_keeps_the_edited_one_in_the_backups(
    project: Path,
) -> None:
    rendered = (project / NGINX).read_text()
    edit(project / NGINX, "rate=10r/m", "rate=99r/m")
    mine = (project / NGINX).read_bytes()
    ask_for_another_rate(project)
    assert render(project, "--yes", "--theirs").code == 0
    assert (project / NGINX).read_text() == rendered.replace("rate=10r/m", "rate=11r/m")
    assert backups(project, NGINX) == [mine]


@pytest.mark.parametrize("choice", ["--mine", "--theirs"])
def test_a_choice_without_yes_or_terminal_changes_nothing(project: Path, choice: str) -> None:
    edit(project / NGINX, "rate=10r/m", "rate=99r/m")
    ask_for_another_rate(project)
    edit(project / SETTINGS, 'memory_limit = "1g"', 'memory_limit = "2g"')
    before = traces(project)
    assert render(project, choice).code == 2
    assert traces(project) == before


@pytest.mark.parametrize("choice", ["--mine", "--theirs"])
def test_a_choice_does_not_concern_what_can_be_merged(project: Path, choice: str) -> None:
    edit(project / NGINX, "server_tokens off;", "server_tokens off;\n    gzip on;")
    ask_for_another_rate(project)
    assert render(project, "--yes", choice).code == 0
    text = (project / NGINX).read_text()
    assert "gzip on;" in text
    assert "rate=11r/m" in text


@pytest.mark.parametrize("options", [(), ("--yes",), ("--check",), ("--yes", "--theirs")])
def test_an_edit_stays_where_the_render_is_as_before(
    project: Path, options: tuple[str, ...]
) -> None:
    edit(project / NGINX, "rate=10r/m", "rate=99r/m")
    before = traces(project)
    done = render(project, *options)
    assert done.code == 0
    assert f"{NGINX}: edited by hand, left as it is" in done.stdout
    assert traces(project) == before


def test_what_both_made_the_same_is_no_conflict(project: Path) -> None:
    edit(project / NGINX, "rate=10r/m", "rate=11r/m")
    mine = traces(project)[NGINX]
    ask_for_another_rate(project)
    assert render(project, "--yes").stdout == "Nothing to change.\n"
    assert traces(project)[NGINX] == mine
    # From now on it counts as rendered.
    edit(project / SETTINGS, "login_rate = 11", "login_rate = 12")
    assert render(project, "--yes").code == 0
    assert "rate=12r/m" in (project / NGINX).read_text()


def test_without_git_there_is_a_conflict_instead_of_a_merge(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(project / NGINX, "server_tokens off;", "server_tokens off;\n    gzip on;")
    ask_for_another_rate(project)
    before = traces(project)
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(project))
    done = render(project, "--yes")
    assert (done.code, NGINX in done.stderr) == (1, True)
    assert traces(project) == before
    monkeypatch.setenv("PATH", path)
    assert render(project, "--yes").code == 0


@pytest.mark.parametrize(
    "edited", [b"\0\n", b"\xff\xfe\n", "größer\n".encode(), b"", b"\r\n\r\n"], ids=repr
)
@pytest.mark.parametrize(("choice", "kept"), [("--mine", True), ("--theirs", False)])
def test_a_file_made_into_something_else_is_a_conflict_to_choose_in(
    project: Path, edited: bytes, choice: str, *, kept: bool
) -> None:
    (project / NGINX).write_bytes(edited)
    ask_for_another_rate(project)
    done = render(project, "--yes")
    assert (done.code, NGINX in done.stderr) == (1, True)
    assert render(project, "--yes", choice).code == 0
    assert ((project / NGINX).read_bytes() == edited) == kept


def test_an_edited_secret_file_in_a_conflict_is_never_shown(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", stack="public")
    path = folder / "ddclient/ddclient.conf"
    path.write_text(path.read_text() + "# my 0wn note\n")
    (folder / "secrets/ddns_password").write_text("n3w-password\n")
    before = traces(folder)
    done = render(folder, "--yes")
    assert (done.code, "ddclient/ddclient.conf" in done.stderr) == (1, True)
    assert "0wn" not in done.stdout + done.stderr
    assert "n3w" not in done.stdout + done.stderr
    assert traces(folder) == before

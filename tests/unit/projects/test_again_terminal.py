"""`nvrstack render` and `domain` with a person at a real terminal: asked, shown in colour."""

import sys
from pathlib import Path

import pexpect
import pytest

from tests.unit.projects.made import NGINX, edit, files, made, render, traces
from tests.unit.terminals import terminal

RED, GREEN, CYAN = "\x1b[31m", "\x1b[32m", "\x1b[36m"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A project, below the directory of the terminal, whose settings ask for one other line."""
    folder = made(tmp_path / "p")
    edit(folder / "nvrstack.toml", "login_rate = 10", "login_rate = 11")
    return folder


def at_terminal(where: Path, *arguments: str, reply: str | None) -> tuple[int | None, str]:
    """The exit code and all output of a command to whose question the person replies."""
    with terminal(where, "--project", "p", *arguments) as child:
        if reply is not None:
            child.expect_exact("Apply? [y/N]: ")
            child.send(reply)
        child.expect(pexpect.EOF)
        child.wait()
        code = child.exitstatus
    # Reading the log turns the terminal's line ends into usual ones.
    return code, (where / "log").read_text()


@pytest.mark.parametrize("reply", ["n\r", "\r"], ids=["no", "Enter"])
def test_who_says_no_changes_nothing(changed: Path, reply: str) -> None:
    before = traces(changed)
    code, said = at_terminal(changed.parent, "render", reply=reply)
    assert code == 0
    assert "Applied" not in said
    assert traces(changed) == before


@pytest.mark.parametrize("reply", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_who_interrupts_changes_nothing(changed: Path, reply: str) -> None:
    before = traces(changed)
    code, said = at_terminal(changed.parent, "render", reply=reply)
    assert code == 130
    assert "Traceback" not in said
    assert traces(changed) == before


def test_who_says_yes_gets_what_was_shown_in_colours(changed: Path) -> None:
    code, said = at_terminal(changed.parent, "render", reply="y\r")
    assert code == 0
    assert f"{RED}-    limit_req_zone $visitor zone=login_visitor:1m rate=10r/m;\x1b[0m" in said
    assert f"{GREEN}+    limit_req_zone $visitor zone=login_visitor:1m rate=11r/m;" in said
    assert f"{CYAN}@@ -" in said
    assert "Applied. Now run" in said
    assert "rate=11r/m" in (changed / NGINX).read_text()


def test_with_yes_a_person_is_not_asked(changed: Path) -> None:
    code, said = at_terminal(changed.parent, "render", "--yes", reply=None)
    assert (code, "Apply?" in said) == (0, False)
    assert "rate=11r/m" in (changed / NGINX).read_text()


def test_where_nothing_changes_a_person_is_not_asked(tmp_path: Path) -> None:
    made(tmp_path / "p")
    assert at_terminal(tmp_path, "render", reply=None) == (0, "Nothing to change.\n")


def test_no_colours_for_who_wants_none(changed: Path) -> None:
    code, said = at_terminal(changed.parent, "render", "--check", "--no-color", reply=None)
    assert (code, "\x1b" in said) == (1, False)


def test_no_colours_where_the_environment_says_so(changed: Path) -> None:
    code, said = at_terminal(changed.parent, "render", "--check", reply=None)
    assert (code, "\x1b" in said) == (1, True)
    nvrstack = Path(sys.executable).with_name("nvrstack")
    command = f"NO_COLOR=1 exec {nvrstack} --project p render --check"
    child = pexpect.spawn("sh", ["-c", command], cwd=str(changed.parent), encoding="utf-8")
    assert "+    limit_req_zone" in (quiet := child.read())
    assert "\x1b" not in quiet


def test_a_domain_that_is_refused_leaves_the_settings_as_they_were(tmp_path: Path) -> None:
    folder = made(tmp_path / "p")
    before = files(folder)
    code, said = at_terminal(tmp_path, "domain", "new.example.com", reply="n\r")
    assert "+    server_name new.example.com;" in said
    assert "Applied" not in said
    assert code == 0
    assert files(folder) == before


def test_a_domain_that_is_interrupted_leaves_the_settings_as_they_were(tmp_path: Path) -> None:
    folder = made(tmp_path / "p")
    before = files(folder)
    assert at_terminal(tmp_path, "domain", "new.example.com", reply="\x03")[0] == 130
    assert files(folder) == before


@pytest.mark.parametrize(("reply", "restored"), [("n\r", False), ("y\r", True)])
def test_a_restore_asks_first(changed: Path, reply: str, *, restored: bool) -> None:
    assert render(changed, "--yes").code == 0
    (moment,) = (path.name for path in (changed / ".nvrstack/backups").iterdir())
    with terminal(changed.parent, "--project", "p", "restore", moment) as child:
        child.expect_exact(f"Restore {NGINX}? [y/N]: ")
        child.send(reply)
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    assert ("rate=10r/m" in (changed / NGINX).read_text()) == restored

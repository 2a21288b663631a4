"""Two commands at once in one project: one of them works, the other says so."""

import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from tests.unit.commands import nvrstack
from tests.unit.projects.made import NGINX, edit, files, made, render
from tests.unit.terminals import terminal


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A project whose settings ask for one other line in nginx.conf."""
    folder = made(tmp_path / "p")
    edit(folder / "nvrstack.toml", "login_rate = 10", "login_rate = 11")
    return folder


def test_while_one_render_asks_no_other_command_changes_anything(changed: Path) -> None:
    before = files(changed)
    commands = (
        ("render", "--yes"),
        ("render", "--check"),
        ("set", "access.login_rate", "12"),
        ("domain", "new.example.com", "--yes"),
        ("template", "copy", "nginx/nginx/nginx.conf.j2"),
    )
    with terminal(changed.parent, "--project", "p", "render") as child:
        child.expect_exact("Apply? [y/N]: ")
        for command in commands:
            done = nvrstack("--project", changed, *command)
            assert (done.code, done.stdout) == (3, ""), command
            assert done.stderr == (
                f"error: {changed}: another nvrstack is at work there\n"
                "hint: wait until it has finished\n"
            )
        assert files(changed) == before
        child.send("y\r")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    assert "rate=11r/m" in (changed / NGINX).read_text()


def test_several_renders_at_once_leave_the_new_tree(changed: Path) -> None:
    command = [sys.executable, "-m", "nvrstack", "--project", str(changed), "render", "--yes"]
    running = [
        subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for _ in range(4)
    ]
    said = [child.communicate()[1] for child in running]
    codes = [child.returncode for child in running]
    assert set(codes) <= {0, 3}
    assert 0 in codes
    assert all(("another nvrstack" in s) == (c == 3) for s, c in zip(said, codes, strict=True))
    assert "rate=11r/m" in (changed / NGINX).read_text()
    assert render(changed, "--check").code == 0
    # Only one of them replaced anything.
    assert len(list((changed / ".nvrstack/backups").iterdir())) == 1


def test_of_several_settings_changed_at_once_none_is_lost_that_was_said_to_be_changed(
    changed: Path,
) -> None:
    wanted = {"http_port": "8080", "https_port": "8443", "public_https_port": "9443"}
    program = [sys.executable, "-m", "nvrstack", "--project", str(changed), "set"]
    running = {
        key: subprocess.Popen(
            [*program, f"site.{key}", value], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        for key, value in wanted.items()
    }
    said = {key: child.communicate()[1] for key, child in running.items()}
    lines = (changed / "nvrstack.toml").read_text().splitlines()
    for key, child in running.items():
        assert (f"{key} = {wanted[key]}" in lines) == (child.returncode == 0), said[key]
    assert any(child.returncode == 0 for child in running.values())


def test_a_lock_that_nobody_holds_any_more_keeps_nobody_out(changed: Path) -> None:
    with terminal(changed.parent, "--project", "p", "render") as child:
        child.expect_exact("Apply? [y/N]: ")
        child.kill(9)
        child.expect(pexpect.EOF)
    assert (changed / ".nvrstack/lock").exists()
    assert render(changed, "--yes").code == 0

"""`nvrstack migrate`: which of its commands a command line means, former options included."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from nvrstack.cli.app import app
from tests.bed.process import stated
from tests.unit import host_trees
from tests.unit.commands import nvrstack

ROOT: Any = typer.main.get_command(app)
MIGRATE: Any = ROOT.commands["migrate"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("", "run"),
        ("~/nvr --keep", "run ~/nvr --keep"),
        ("plan ~/nvr", "plan ~/nvr"),
        ("~/nvr plan", "plan ~/nvr"),
        ("--carry-sites plan ~/nvr", "plan --carry-sites ~/nvr"),
        ("--stack plan ~/nvr", "run --stack plan ~/nvr"),
        ("./plan", "run ./plan"),
        ("plan status", "plan status"),
        ("-- plan", "run -- plan"),
    ],
)
def test_without_a_command_a_move_is_meant(given: str, meant: str) -> None:
    assert MIGRATE._command_first(given.split()) == meant.split()


def test_a_former_option_is_its_command_with_a_sentence_beside_the_json(tmp_path: Path) -> None:
    host_trees.compose(tmp_path / "host")
    words = (tmp_path / "project", "--json", "--no-docker", "--root", tmp_path / "host")
    former, present = nvrstack("migrate", "--plan", *words), nvrstack("migrate", "plan", *words)
    assert (former.code, former.stdout) == (present.code, present.stdout)
    assert former.json()["install"]["source"] == "compose"
    assert former.stderr.count("\n") == 1
    assert "write `nvrstack migrate plan`" in former.stderr
    assert present.stderr == ""
    assert nvrstack("--quiet", "migrate", "--plan", *words).stderr == ""


def test_two_former_options_are_refused() -> None:
    done = nvrstack("migrate", "--rollback", "--finish")
    assert done.code == 2
    assert "--rollback and --finish were given together" in done.stderr


@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [
        ("nvrstack migrate ", {"plan", "run", "rollback"}, "--keep"),
        ("nvrstack migrate ~/nvr --", {"--keep", "--stack"}, "--root"),
        ("nvrstack migrate plan --", {"--root", "--stack"}, "--keep"),
    ],
)
def test_a_shell_completes_commands_and_their_options(
    typed: str, offered: set[str], not_offered: str
) -> None:
    environ = {
        **stated(),
        "_NVRSTACK_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": typed,
    }
    command = [sys.executable, "-c", "from nvrstack.__main__ import main; main()"]
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stderr == ""
    assert all(f'"{word}"' in done.stdout for word in offered), done.stdout
    assert f'"{not_offered}"' not in done.stdout

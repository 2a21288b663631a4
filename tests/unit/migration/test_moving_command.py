"""The `nvr` command after a move: the words of the old one, through the project's Compose file."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from nvrstack.migration.execution.command import Command, command_text
from nvrstack.migration.execution.preparing import Backup
from tests.unit.moves import work_in


def docker_words(script: Path, folder: Path, *words: str, answers: Mapping[str, str]) -> Any:
    """What a recording `docker` is called with by the script; it answers a `ps` as told."""
    program = folder / "docker"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, sys\n"
        f"open({str(folder / 'calls')!r}, 'a').write(json.dumps(sys.argv[1:]) + chr(10))\n"
        f"answers = {dict(answers)!r}\n"
        "words = ' '.join(sys.argv[1:])\n"
        "print(next((a for w, a in answers.items() if w in words), ''), end='')\n"
    )
    program.chmod(0o755)
    (folder / "calls").unlink(missing_ok=True)
    path = f"{folder}:{os.environ['PATH']}"
    done = subprocess.run(
        [script, *words],
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    calls = (folder / "calls").read_text().splitlines() if (folder / "calls").exists() else []
    return done, [json.loads(call) for call in calls]


HABITS = {
    "run": (["run"], ["compose", "--project-directory", "P", "up", "--detach", "moonfire-nvr"]),
    "logs": (["logs", "-f", "--tail", "5"], ["logs", "-f", "--tail", "5", "c0ffee"]),
    "stop": (["stop", "--time", "9"], ["stop", "--time", "9", "c0ffee"]),
    "start": (["start"], ["start", "c0ffee"]),
    "rm": (["rm", "-f"], ["rm", "-f", "c0ffee"]),
    "pull": (["pull"], ["compose", "--project-directory", "P", "pull", "moonfire-nvr"]),
    "config": (
        ["config", "--db-dir=/a b"],
        ["compose", "--project-directory", "P", "run", "--rm", "--no-deps", "moonfire-nvr",
         "config", "--db-dir=/a b"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("habit", HABITS)
def test_the_new_script_keeps_its_owners_habits(tmp_path: Path, habit: str) -> None:
    project = tmp_path / "it's here; $HOME\nexit 1"
    script = tmp_path / "nvr"
    script.write_text(command_text(str(project)))
    script.chmod(0o755)
    words, expected = HABITS[habit]
    done, calls = docker_words(script, tmp_path, *words, answers={"ps --all": "c0ffee\n"})
    assert done.returncode == 0, done
    assert calls[-1] == [
        word.replace("P", str(project)) if word == "P" else word for word in expected
    ]


def test_moonfires_command_line_goes_to_a_server_that_runs(tmp_path: Path) -> None:
    script = tmp_path / "nvr"
    script.write_text(command_text("/srv/nvr"))
    script.chmod(0o755)
    _, calls = docker_words(script, tmp_path, "ts", "0", answers={"--status running": "c0ffee\n"})
    assert calls[-1] == [
        "exec", "--interactive", "c0ffee", "/usr/local/bin/moonfire-nvr", "ts", "0",
    ]  # fmt: skip
    done, _ = docker_words(script, tmp_path, "logs", answers={})
    assert done.returncode == 1
    assert done.stderr == "nvr: there is no container; make one with: nvr run\n"


def test_shellcheck_finds_nothing_in_the_new_script(tmp_path: Path) -> None:
    script = tmp_path / "nvr"
    script.write_text(command_text("/srv/it's here"))
    shellcheck = Path(sys.executable).with_name("shellcheck")
    command = [shellcheck, script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == ""


def test_the_script_is_replaced_with_its_mode_and_comes_back(tmp_path: Path) -> None:
    real = tmp_path / "real-nvr"
    real.write_text("#!/bin/bash -e\n")
    real.chmod(0o750)
    work = work_in(tmp_path, unit="x.service", script=PurePosixPath(real))
    Backup(work).do()
    action = Command(work, real)
    assert not action.done()
    action.do()
    assert action.done()
    assert stat.S_IMODE(real.stat().st_mode) == 0o750
    assert str(work.project) in real.read_text()
    Backup(work).do()
    action.undo()
    assert real.read_text() == "#!/bin/bash -e\n"

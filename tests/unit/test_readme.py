"""The README's commands work as they stand there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nvrstack.services.docker_releases import SUPPORTED
from nvrstack.services.images import DDCLIENT
from nvrstack.services.providers import provided_by, providers

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]


def run(line: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run one line as a shell without a terminal would, with no engine to be found."""
    bin_dir = Path(sys.executable).parent
    environment = {
        "HOME": str(home),
        "PATH": f"{bin_dir}:{os.environ['PATH']}",
        "DOCKER_HOST": f"unix://{home}/no-engine",
    }
    words = [word.replace("~", str(home)) for word in shlex.split(line)]
    cwd = home / "nvr" if (home / "nvr").is_dir() else home
    return subprocess.run(
        words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_providers_are_those_that_work_with_the_pinned_ddclient() -> None:
    named = " ".join(README.split())
    works = {*provided_by(DDCLIENT)} - {"custom", "nsupdate"}
    found = {p.name for p in providers().values() if f" {p.title}," in named}
    assert found == works


@pytest.mark.parametrize("target", [c.split()[1] for c in COMMANDS if c.startswith("make ")])
def test_make_targets_exist(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE)


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in COMMANDS
    assert "exec make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_it_tells_which_docker_is_supported() -> None:
    assert SUPPORTED in " ".join(README.split())


def test_commands_run_as_they_stand_there(tmp_path: Path) -> None:
    # The doctor asks the network around; the contract tests run it in a network of their own.
    commands = [
        line
        for line in COMMANDS
        if line.startswith("nvrstack ") and not line.startswith("nvrstack doctor")
    ]
    assert len(commands) >= 8
    # The form for scripts first: it makes the project that the others work in.
    scripted = next(line for line in commands if "--yes" in line)
    extra = " --set moonfire.state_dir=data/moonfire --set moonfire.timezone=Etc/UTC"
    done = run(scripted + extra, tmp_path)
    assert done.returncode == 0, done.stderr
    for line in commands:
        done = run(line, tmp_path)
        assert "Usage:" not in done.stderr, (line, done.stderr)
        assert "Traceback" not in done.stderr, (line, done.stderr)
        if line.startswith("nvrstack user"):
            assert done.returncode in {2, 3}, (line, done.stderr)
            assert "no database" in done.stderr
        else:
            # Nobody is there to agree to a change of domain; nothing runs that could be visited.
            expected = {"nvrstack domain": 2, "nvrstack verify": 1}
            code = expected.get(" ".join(line.split()[:2]), 0)
            assert done.returncode == code, (line, done.stderr)


@pytest.mark.parametrize("line", [c for c in COMMANDS if c.startswith("sudo nvrstack ")])
def test_commands_for_root_say_what_they_need(tmp_path: Path, line: str) -> None:
    done = run(line.removeprefix("sudo "), tmp_path)
    assert "Traceback" not in done.stderr
    # There is no Moonfire to be moved.
    assert done.returncode == 1, done.stderr
    assert "no Moonfire was found" in done.stdout

"""The command line: what every command has in common."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from nvrstack import __version__
from nvrstack.cli.app import app, hoist_global_options
from tests.unit.commands import nvrstack, tree

ROOT: Any = typer.main.get_command(app)
HEAVY = {
    "dns",
    "miniupnpc",
    "rich",
    "docker",
    "jinja2",
    "cryptography",
    "pydantic",
    "yaml",
    "tomlkit",
    "requests",
}
GOOD = ("--stack", "router-ddns", "--set", "site.domain=nvr.example.com")
STATE = ("--set", "moonfire.state_dir=data/moonfire", "--set", "moonfire.timezone=UTC")


def commands(command: Any = ROOT, before: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every command there is, by the words that call it."""
    found = {before: command}
    for name, inner in getattr(command, "commands", {}).items():
        found |= commands(inner, (*before, name))
    return found


def imported(*arguments: str) -> set[str]:
    """The packages that a command line imports, in a process of its own."""
    code = (
        "import sys\nfrom nvrstack.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code\n"
        "print(*sorted(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stderr.split()}


def test_the_version_is_printed_before_anything_is_imported() -> None:
    assert not imported("--version") & (HEAVY | {"typer", "json"})


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (("--help",), set[str]()),
        # typer itself asks whether a parameter is one of pydantic's models, if that is installed.
        (("init", "--help"), {"pydantic"}),
        (("user", "add", "--help"), {"pydantic"}),
        (("doctor", "--help"), {"pydantic"}),
    ],
    ids=str,
)
def test_help_imports_nothing_heavy(arguments: tuple[str, ...], allowed: set[str]) -> None:
    assert imported(*arguments) & HEAVY <= allowed


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_and_option_says_what_it_does(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    command = commands()[words]
    assert nvrstack(*words, "--help").code == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert command.help.splitlines()[0].strip() in " ".join(text.split())
    assert len(command.help.split()) > 2
    assert [p.name for p in command.params if p.name != "help" and not p.help] == []


@pytest.mark.parametrize("arguments", [("--version",), ("--json", "--version")])
def test_the_version_is_told(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert nvrstack(*arguments).code == 0
    assert capsys.readouterr().out == f"nvrstack {__version__}\n"


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("stacks --json", "--json stacks"),
        ("user list --project /p --json", "--project /p --json user list"),
        ("user --project=/p list", "--project=/p user list"),
        ("init d --yes --set a=b --quiet", "--yes --quiet init d --set a=b"),
        ("user add -- --json", "user add -- --json"),
        ("user list --project", "--project user list"),
        ("", ""),
    ],
)
def test_global_options_may_stand_anywhere(typed: str, parsed: str) -> None:
    assert hoist_global_options(typed.split()) == parsed.split()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("stacks",), 0),
        ((), 2),
        (("frobnicate",), 2),
        (("stacks", "--frobnicate"), 2),
        (("render",), 2),
        (("user",), 2),
        (("user", "add"), 2),
        (("user", "list", "--project", "absent"), 2),
        (("--project",), 2),
    ],
    ids=str,
)
def test_exit_codes_and_no_traceback(
    arguments: tuple[str, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = nvrstack(*arguments)
    assert outcome.code == code
    assert "Traceback" not in outcome.stderr
    assert "\x1b" not in outcome.stdout + outcome.stderr
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    "arguments",
    [("init", "closed/p"), ("render", "--project", "closed"), ("user", "list")],
    ids=str,
)
def test_a_directory_that_may_not_be_entered_is_an_error_of_the_host(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.is_file

    def refuse(path: Path) -> bool:
        if path.name == "nvrstack.toml":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    # Root may enter everything, so that a closed directory would not show this.
    monkeypatch.setattr(Path, "is_file", refuse)
    monkeypatch.chdir(tmp_path)
    outcome = nvrstack(*arguments)
    assert outcome.code == 3
    assert "nvrstack.toml: Permission denied" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def in_a_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "nvrstack", *arguments]
    environ = {"DOCKER_HOST": "tcp://127.0.0.1:9", **environment}
    return subprocess.run(command, env=environ, capture_output=True, check=False)


def test_a_path_that_the_terminal_cannot_show_is_no_reason_to_fail(tmp_path: Path) -> None:
    place = str(tmp_path / "größe")
    done = in_a_process("init", place, *GOOD, *STATE, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"gr\\xf6\\xdfe holds the project" in done.stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["stacks", "stacks --json", "--help", "--version"])
def test_output_on_a_full_disk_is_an_error_and_no_traceback(words: str, unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "nvrstack", *words.split()]
        done = subprocess.run(
            command, env={"PYTHONUNBUFFERED": unbuffered}, stdout=full, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
    told = "error: the output: No space left on device\nhint: check that "
    assert (done.returncode, done.stderr[: len(told)]) == (3, told)
    assert len(done.stderr.splitlines()) == 2


def test_a_project_is_found_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nvrstack.toml").write_text("schema = 5\n")
    (tmp_path / "nginx" / "custom.d").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "nginx" / "custom.d")
    assert "line 1: schema: is 5" in nvrstack("render").stderr


def test_a_dry_run_shows_the_tree_and_writes_nothing(tmp_path: Path) -> None:
    outcome = nvrstack("init", tmp_path / "p", *GOOD, *STATE, "--dry-run")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert re.search(r"^  0644 +\d+  compose\.yaml$", outcome.stdout, re.MULTILINE)
    assert re.search(r"^  0600 +\d+  tls/placeholder/privkey\.pem$", outcome.stdout, re.MULTILINE)
    data = nvrstack("init", tmp_path / "p", *GOOD, *STATE, "--dry-run", "--json").json()
    assert (data["schema"], data["dry_run"], data["project"]) == (1, True, str(tmp_path / "p"))
    assert {"compose.yaml", "nvrstack.toml"} <= {entry["path"] for entry in data["files"]}
    assert tree(tmp_path) == {}


def test_options_go_before_variables_before_the_answers_file(tmp_path: Path) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text(
        'stack = "lan"\n[site]\ndomain = "file.home.arpa"\nhttp_port = 81\nhttps_port = 82\n'
    )
    environ = {"NVRSTACK_SITE__DOMAIN": "variable.home.arpa", "NVRSTACK_SITE__HTTP_PORT": "91"}
    flags = ("--answers", answers, *STATE, "--set", "site.domain=option.home.arpa")
    assert nvrstack("init", tmp_path / "p", *flags, environ=environ).code == 0
    written = (tmp_path / "p" / "nvrstack.toml").read_text()
    assert 'domain = "option.home.arpa"' in written
    assert "http_port = 91\n" in written
    assert "https_port = 82\n" in written


def test_quiet_and_verbose(tmp_path: Path) -> None:
    quiet = nvrstack("init", tmp_path / "q", *GOOD, *STATE, "--quiet")
    verbose = nvrstack("init", tmp_path / "v", *GOOD, *STATE, "--verbose")
    assert quiet.stderr == ""
    assert f"wrote {tmp_path / 'v' / 'compose.yaml'}" in verbose.stderr

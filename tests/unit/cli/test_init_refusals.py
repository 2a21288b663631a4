"""`nvrstack init` with wrong answers: exit code 2, a sentence, and nothing written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.commands import nvrstack, tree

GOOD = ("--stack", "router-ddns", "--set", "site.domain=nvr.example.com")
PUBLIC = (
    "--stack",
    "public",
    "--set",
    "site.domain=nvr.example.com",
    "--set",
    "ddns.provider=noip",
)
STATE = ("--set", "moonfire.state_dir=data/moonfire", "--set", "moonfire.timezone=Europe/Berlin")


@pytest.fixture(autouse=True)
def _unchanged(tmp_path: Path) -> Iterator[None]:
    """Nothing is written where there was something before."""
    (tmp_path / "empty-secret").write_text("\nsecond line\n")
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    (tmp_path / "secret").write_text("a password\n")
    (tmp_path / "control").write_text("a\x07b\n")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "photo.jpg").write_text("x")
    before = tree(tmp_path)
    yield
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--stack", "pubic"), ("stack", "did you mean public?")),
        (("--set", "site.domian=x"), ("--set site.domian", "did you mean site.domain?")),
        (("--set", "moonfire.timzone=x"), ("did you mean moonfire.timezone?",)),
        (("--set", "colour=red"), ("colour: is not a setting",)),
        (("--set", "site.domain"), ("--set site.domain: has no value",)),
        (("--set", "site.domain=10.0.0.1"), ("--set site.domain: site.domain", "IP address")),
        (("--set", "site.aliases=a_b"), ("--set site.aliases: site.aliases[0]", "host name")),
        (("--set", "site.http_port=http"), ("site.http_port", "whole number")),
        (("--set", "site.public_https_port=70000"), ("site.public_https_port", "1 to 65535")),
        (("--set", "site.bind=[1"), ("site.bind", "a list")),
        (("--set", "ddns.password=secret"), ("ddns.password", "secrets never stand")),
        (("--set", "schema=9"), ("schema: is 9", "newer one")),
        (("--secret-file", "ddns_password"), ("ddns_password", "NAME=PATH")),
        (("--secret-file", "wifi=secret"), ("wifi=secret", "expected one of ddns_password")),
        (("--secret-file", "ddns_password=missing"), ("missing: No such file",)),
        (("--secret-file", "ddns_password=empty-secret"), ("empty-secret: is empty",)),
        (("--secret-file", "ddns_password=binary"), ("binary: is not UTF-8",)),
        (("--secret-file", "ddns_password=foreign"), ("foreign: Is a directory",)),
        (("--answers", "missing.toml"), ("missing.toml: No such file",)),
        (("--answers", "binary"), ("binary: is not UTF-8",)),
        (("--first-user", "admin"), ("--first-user", "first_user_password", "belong together")),
        (("--secret-file", "first_user_password=secret"), ("--first-user", "belong together")),
        (("--first-user", ' "', "--secret-file", "first_user_password=secret"), ("user name",)),
        (("--frobnicate",), ("--frobnicate",)),
        (("--stack",), ("--stack", "requires an argument")),
        (("second-directory",), ("unexpected extra argument",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_options_are_refused(
    flags: tuple[str, ...], words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = nvrstack("init", "project", *GOOD, *STATE, *flags)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert all(word in outcome.stderr for word in words), outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("NVRSTACK_SITE__DOMIAN", "x", "did you mean site.domain?"),
        ("NVRSTACK_SITE__HTTP_PORT", "0", "site.http_port: is 0"),
        ("NVRSTACK_DEBUG", "1", "debug: is not a setting"),
        ("NVRSTACK_DDNS__PASSWORD", "hunter22", "secrets never stand in the settings"),
        ("NVRSTACK_MOONFIRE__TIMEZONE", "Mars/Base", "not in the time zone database"),
    ],
)
def test_wrong_variables_are_refused_by_their_names(
    name: str, value: str, words: str, tmp_path: Path
) -> None:
    flags = ("--stack", "router-ddns", "--set", "site.domain=nvr.example.com")
    outcome = nvrstack("init", tmp_path / "project", *flags, environ={name: value})
    assert outcome.code == 2
    assert f"variable {name}: " in outcome.stderr
    assert words in outcome.stderr
    assert "hunter22" not in outcome.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('stack = "lan"\n[site]\ndomain = 7\n', "answers.toml line 3: site.domain: is 7"),
        ('stack = "lan"\n\n[sitee]\ndomain = "x"\n', "answers.toml line 4: sitee"),
        ('stack = "lan"\nsite = "x"\n', "answers.toml line 2: site: is 'x'"),
        ('stack = "lan\n', "answers.toml: is not TOML"),
        ('stack = "lan"\n[[site]]\ndomain = "nvr.home.arpa"\n', "site: is [{'domain'"),
    ],
    ids=["value", "section", "no section", "no TOML", "array of tables"],
)
def test_wrong_answers_files_are_refused_by_line(
    text: str, words: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    answers = tmp_path_factory.mktemp("answers") / "answers.toml"
    answers.write_text(text)
    outcome = nvrstack("init", tmp_path / "project", "--answers", answers)
    assert outcome.code == 2
    assert words in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ((), {"stack", "site"}),
        (("--stack", "router-ddns"), {"site.domain"}),
        (("--stack", "public"), {"site.domain", "ddns.provider", "the secret ddns_password"}),
        (PUBLIC, {"ddns.login", "the secret ddns_password"}),
        ((*PUBLIC, "--set", "ddns.provider=cloudflare"), {"ddns.zone", "the secret ddns_password"}),
        (("--stack", "lan"), {"site.domain"}),
    ],
)
def test_missing_answers_are_listed_all_at_once_without_a_terminal(
    arguments: tuple[str, ...], missing: set[str], tmp_path: Path
) -> None:
    outcome = nvrstack("init", tmp_path / "project", *arguments, *STATE)
    assert outcome.code == 2
    lines = [line.strip() for line in outcome.stderr.splitlines() if "is missing" in line]
    assert {line.partition(": is missing")[0] for line in lines} == missing
    assert "hint: give each with --set KEY=VALUE, or run init in a terminal" in outcome.stderr


@pytest.mark.parametrize(
    ("directory", "words"),
    [("foreign", "is not empty and is no nvrstack project"), ("secret", "is not a directory")],
)
def test_a_place_that_is_taken_is_refused(directory: str, words: str, tmp_path: Path) -> None:
    outcome = nvrstack("init", tmp_path / directory, *GOOD, *STATE)
    assert outcome.code == 2
    assert words in outcome.stderr
    assert "hint: name a" in outcome.stderr


def test_a_secret_that_ddclient_could_not_read_is_refused(tmp_path: Path) -> None:
    secret = f"ddns_password={tmp_path / 'control'}"
    flags = (*PUBLIC, *STATE, "--set", "ddns.login=me", "--secret-file", secret)
    outcome = nvrstack("init", tmp_path / "project", *flags)
    assert outcome.code == 2
    assert "secrets/ddns_password: a password with control characters" in outcome.stderr
    assert "a\x07b" not in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "--json", "project"),
        ("--json", "init", "project", "--stack", "nope"),
        ("init", "project", "--set", "site.domain=1.2.3.4", "--json"),
        ("init", "project", "--frobnicate", "--json"),
        ("init", "project", "--stack", "--json"),
        ("render", "--json", "--project", "foreign"),
        ("user", "add", "--json"),
        ("nonsense", "--json"),
    ],
    ids=" ".join,
)
def test_with_json_an_error_is_one_object_and_nothing_else(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = nvrstack(*arguments)
    assert outcome.code == 2
    assert set(outcome.json()) == {"schema", "error", "hint", "code"}
    assert (outcome.json()["schema"], outcome.json()["code"]) == (1, 2)
    assert outcome.json()["error"]
    assert outcome.stderr == ""

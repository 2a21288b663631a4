"""`nvrstack set` with several settings at once, and on a file that is wrong as it is."""

import tomllib
from pathlib import Path

import pytest

from tests.unit.commands import Outcome, nvrstack
from tests.unit.projects.made import edit, made, render, traces
from tests.unit.samples import GOOD, PASSWORD

SETTINGS = "nvrstack.toml"
PUBLIC = ("stack", "public", "ddns.updater", "ddclient", "ddns.provider", "noip")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as `init` leaves it."""
    return made(tmp_path / "p")


def set_(folder: Path, *words: str) -> Outcome:
    return nvrstack("--project", folder, "set", *words)


def line_of(folder: Path, text: str) -> int:
    """The number of the one line that begins so."""
    lines = (folder / SETTINGS).read_text().splitlines()
    (found,) = (number for number, line in enumerate(lines, 1) if line.startswith(text))
    return found


def test_another_stack_comes_with_what_it_needs(project: Path) -> None:
    done = set_(project, *PUBLIC, "ddns.login", "me")
    assert (done.code, done.stdout) == (0, "nvrstack.toml is changed. Now: nvrstack render\n")
    settings = tomllib.loads((project / SETTINGS).read_text())
    assert settings["stack"] == "public"
    assert {k: settings["ddns"][k] for k in ("updater", "provider", "login")} == {
        "updater": "ddclient",
        "provider": "noip",
        "login": "me",
    }
    (project / "secrets/ddns_password").write_text(f"{PASSWORD}\n")
    assert render(project, "--yes").code == 0
    assert (project / "ddclient/ddclient.conf").is_file()
    # One change, and one backup of it.
    kept = list((project / ".nvrstack/backups").glob(f"*/{SETTINGS}"))
    assert len(kept) == 1


def test_all_or_none_with_every_problem_and_where_it_is(project: Path) -> None:
    before = traces(project)
    done = set_(project, *PUBLIC, "site.http_port", "0")
    assert done.code == 2
    problems = done.stderr.splitlines()
    assert problems[0] == "error: nvrstack.toml: 2 problems"
    assert f"  line {line_of(project, '[ddns]')}: ddns.login: is missing; " in done.stderr
    assert "  nvrstack set: site.http_port: is 0; " in done.stderr
    assert traces(project) == before


def test_both_of_two_that_fit_together_alone(project: Path) -> None:
    """Each by itself would make the two ports the same."""
    assert set_(project, "site.http_port", "443").code == 2
    assert set_(project, "site.http_port", "443", "site.https_port", "80").code == 0
    done = set_(project, "site.https_port", "443", "site.http_port", "80", "--json")
    assert done.json() == {
        "schema": 1,
        "settings": [
            {"key": "site.https_port", "value": "443"},
            {"key": "site.http_port", "value": "80"},
        ],
    }


@pytest.mark.parametrize(
    "words", [("site.http_port",), ("site.http_port", "81", "site.https_port")], ids=len
)
def test_a_setting_without_a_value_is_refused(project: Path, words: tuple[str, ...]) -> None:
    before = traces(project)
    done = set_(project, *words)
    assert done.code == 2
    assert f"{words[-1]}: has no value; nothing was changed" in done.stderr
    assert traces(project) == before


def test_every_unknown_setting_is_told_of(project: Path) -> None:
    done = set_(project, "site.domian", "x", "site.http_port", "81", "moonfire.uuid", "5")
    assert done.code == 2
    assert "nvrstack set: site.domian: is not a setting; did you mean site.domain?" in done.stderr
    assert "nvrstack set: moonfire.uuid: is not a setting; did you mean" in done.stderr


def test_a_wrong_setting_is_mended(project: Path) -> None:
    edit(project / SETTINGS, "http_port = 80\n", "http_port = 80443\n")
    assert render(project).code == 2
    assert set_(project, "site.http_port", "80").code == 0
    assert render(project, "--check").stdout == "Nothing to change.\n"


def test_a_missing_setting_is_added(tmp_path: Path) -> None:
    for key, value, line in (
        ("site.domain", "nvr.example.com", 'domain = "nvr.example.com"\n'),
        ("stack", "router-ddns", 'stack = "router-ddns"\n'),
        ("schema", "1", "schema = 1\n"),
        ("moonfire.uid", "998", "uid = 998\n"),
    ):
        assert line in GOOD
        (tmp_path / SETTINGS).write_text(GOOD.replace(line, "", 1))
        done = set_(tmp_path, key, value)
        assert (done.code, done.stderr) == (0, "")
        assert tomllib.loads((tmp_path / SETTINGS).read_text()) == tomllib.loads(GOOD)


def test_what_is_still_wrong_is_told_of_with_the_lines_of_the_file_as_it_is(project: Path) -> None:
    edit(project / SETTINGS, "http_port = 80\n", "http_port = 80443\n")
    edit(project / SETTINGS, "login_rate = 10", "login_rate = 0")
    edit(project / SETTINGS, 'timezone = "UTC"', 'timezone = "Mars"\nfarbe = "rot"')
    before = traces(project)
    # The commented example above them gives way to a line, and the lines below stay where they are.
    done = set_(project, "site.http_port", "80", "site.public_https_port", "8443")
    assert done.code == 2
    told = [line.strip().split(": ")[:2] for line in done.stderr.splitlines()[1:]]
    assert told == [
        [f"line {line_of(project, 'timezone')}", "moonfire.timezone"],
        [f"line {line_of(project, 'farbe')}", "moonfire.farbe"],
        [f"line {line_of(project, 'login_rate = 0')}", "access.login_rate"],
    ]
    assert traces(project) == before


def test_the_lines_are_right_where_a_setting_is_added_above(tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text(GOOD.replace("Europe/Berlin", "Mars"))
    done = set_(tmp_path, "site.http_port", "81", "project.name", "cams")
    assert done.code == 2
    assert f"  line {line_of(tmp_path, 'timezone')}: moonfire.timezone: " in done.stderr


@pytest.mark.parametrize(
    ("wrong", "line", "sentence"),
    [
        ("site = 5\n", "line 1", "is 5; expected a section, such as [site]"),
        ('site = ["a"]\n', "line 1", "expected a section, such as [site]"),
    ],
)
def test_a_section_that_is_none_is_told_of(
    tmp_path: Path, wrong: str, line: str, sentence: str
) -> None:
    text = wrong + GOOD.replace('[site]\ndomain = "nvr.example.com"\n', "")
    (tmp_path / SETTINGS).write_text(text)
    done = set_(tmp_path, "site.domain", "nvr.example.com")
    assert done.code == 2
    assert f"  {line}: site: " in done.stderr
    assert sentence in done.stderr
    assert (tmp_path / SETTINGS).read_text() == text


@pytest.mark.parametrize("text", ["schema = \n", "[site\n", GOOD + "schema = 1\n[site]\n", "\0"])
def test_what_is_no_toml_has_to_be_mended_by_hand(tmp_path: Path, text: str) -> None:
    (tmp_path / SETTINGS).write_text(text)
    done = set_(tmp_path, "site.http_port", "81")
    assert done.code == 2
    assert "is not TOML" in done.stderr
    assert (tmp_path / SETTINGS).read_text() == text


@pytest.mark.parametrize(
    "site", ['site = {domain = "nvr.example.com"}\n', 'site.domain = "nvr.example.com"\n']
)
def test_a_section_in_another_spelling_is_one_too(tmp_path: Path, site: str) -> None:
    (tmp_path / SETTINGS).write_text(
        site + GOOD.replace('[site]\ndomain = "nvr.example.com"\n', "")
    )
    done = set_(tmp_path, "site.http_port", "81", "site.https_port", "82")
    assert (done.code, done.stderr) == (0, "")
    assert tomllib.loads((tmp_path / SETTINGS).read_text())["site"] == {
        "domain": "nvr.example.com",
        "http_port": 81,
        "https_port": 82,
    }

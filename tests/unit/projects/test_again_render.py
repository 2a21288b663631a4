"""`nvrstack render` without a terminal: what it shows, what it asks for, what it answers."""

import json
from pathlib import Path

import pytest

from tests.unit.commands import nvrstack
from tests.unit.projects.made import NGINX, edit, files, made, render, traces
from tests.unit.samples import PASSWORD

SETTINGS = "nvrstack.toml"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A project whose settings ask for one other line in nginx.conf."""
    folder = made(tmp_path / "p")
    edit(folder / SETTINGS, "login_rate = 10", "login_rate = 11")
    return folder


def test_a_change_is_shown_as_a_unified_diff(changed: Path) -> None:
    lines = render(changed, "--check").stdout.splitlines()
    assert lines[:2] == [f"--- a/{NGINX}", f"+++ b/{NGINX}"]
    assert lines[2].startswith("@@ -")
    assert [line for line in lines[3:] if line[:1] in "+-"] == [
        "-    limit_req_zone $visitor zone=login_visitor:1m rate=10r/m;",
        "+    limit_req_zone $visitor zone=login_visitor:1m rate=11r/m;",
    ]
    assert sum(line.startswith(" ") for line in lines) == 6
    assert lines[-1] == f"1 would change: {NGINX}"


def test_check_changes_nothing_and_exits_with_1_until_it_is_applied(changed: Path) -> None:
    before = traces(changed)
    assert render(changed, "--check").code == 1
    assert render(changed, "--check", "--yes").code == 1
    assert traces(changed) == before
    assert render(changed, "--yes").code == 0
    assert render(changed, "--check").code == 0


def test_without_a_terminal_nothing_is_applied_unasked(changed: Path) -> None:
    before = traces(changed)
    done = render(changed)
    assert done.code == 2
    assert done.stdout.startswith(f"--- a/{NGINX}")
    assert done.stderr == (
        "error: nobody is here to be asked; nothing was changed\nhint: add --yes to apply\n"
    )
    assert traces(changed) == before


def test_yes_applies_and_says_what_comes_next(changed: Path) -> None:
    done = render(changed, "--yes")
    assert (done.code, done.stderr) == (0, "")
    assert "rate=11r/m" in (changed / NGINX).read_text()
    assert done.stdout.endswith(
        "Applied. Now run `docker compose up -d`; nginx follows within seconds.\n"
    )


def test_verbose_names_what_was_done_to_each_file(changed: Path) -> None:
    assert render(changed, "--yes", "--verbose").stderr == f"update {NGINX}\n"


@pytest.mark.parametrize(
    ("options", "code", "applied"),
    [(("--check",), 1, False), (("--yes",), 0, True)],
    ids=["check", "yes"],
)
def test_json_is_one_object_with_every_change(
    changed: Path, options: tuple[str, ...], code: int, applied: bool
) -> None:
    done = render(changed, *options, "--json")
    assert (done.code, done.stderr) == (code, "")
    assert done.json() == {
        "schema": 1,
        "changes": [{"path": NGINX, "kind": "update"}],
        "applied": applied,
    }


def test_json_of_an_untouched_project(tmp_path: Path) -> None:
    done = render(made(tmp_path / "p"), "--json")
    assert (done.code, done.json()) == (0, {"schema": 1, "changes": [], "applied": False})


def test_json_never_asks_and_refuses_in_one_object(changed: Path) -> None:
    before = traces(changed)
    done = render(changed, "--json")
    assert (done.code, done.stderr) == (2, "")
    data = json.loads(done.stdout)
    assert set(data) == {"schema", "error", "hint", "code"}
    assert (data["schema"], data["code"]) == (1, 2)
    assert traces(changed) == before


def test_json_of_a_conflict_is_one_object_that_names_the_file(changed: Path) -> None:
    edit(changed / NGINX, "rate=10r/m", "rate=99r/m")
    done = render(changed, "--yes", "--json")
    data = done.json()
    assert (done.code, data["code"]) == (1, 1)
    assert NGINX in data["error"]
    checked = render(changed, "--check", "--json")
    assert checked.code == 1
    assert checked.json()["changes"] == [{"path": NGINX, "kind": "conflict"}]


def test_mine_and_theirs_together_are_refused(changed: Path) -> None:
    before = traces(changed)
    done = render(changed, "--yes", "--mine", "--theirs")
    assert done.code == 2
    assert "exclude each other" in done.stderr
    assert traces(changed) == before


def test_no_colour_reaches_a_file_or_a_pipe(changed: Path) -> None:
    assert "\x1b" not in render(changed, "--check").stdout


def test_a_secret_that_changes_is_applied_but_shown_nowhere(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", stack="public")
    (folder / "secrets/ddns_password").write_text("a-new-Passw0rd\n")
    for options in (("--check",), ("--yes", "--verbose")):
        done = render(folder, *options)
        assert "ddclient/ddclient.conf: holds a secret, so its change is not shown" in done.stdout
        said = done.stdout + done.stderr
        assert "a-new-Passw0rd" not in said
        assert PASSWORD not in said
    mode, data = files(folder)["ddclient/ddclient.conf"]
    assert (mode, b"a-new-Passw0rd" in data) == (0o600, True)
    holders = {path for path, (*_, content) in traces(folder).items() if b"a-new" in content}
    assert holders == {"ddclient/ddclient.conf", "secrets/ddns_password"}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_secret_file_that_goes_is_not_shown_whatever_its_mode(tmp_path: Path, mode: int) -> None:
    folder = made(tmp_path / "p", stack="public")
    (folder / "ddclient/ddclient.conf").chmod(mode)
    edit(folder / SETTINGS, 'stack = "public"', 'stack = "router-ddns"')
    edit(folder / SETTINGS, 'updater = "ddclient"', 'updater = "router"')
    done = render(folder, "--yes")
    assert done.code == 0, done.stderr
    assert "ddclient/ddclient.conf" in done.stdout
    assert PASSWORD not in done.stdout
    assert not (folder / "ddclient/ddclient.conf").exists()


def test_the_project_is_found_from_a_directory_within(
    changed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(changed / "nginx/sites")
    assert nvrstack("render", "--yes").code == 0
    assert "rate=11r/m" in (changed / NGINX).read_text()


def test_settings_with_a_mistake_leave_the_project_as_it_is(changed: Path) -> None:
    edit(changed / SETTINGS, "login_rate = 11", "login_rate = 0")
    before = traces(changed)
    done = render(changed, "--yes")
    assert done.code == 2
    assert "access.login_rate: is 0" in done.stderr
    assert traces(changed) == before


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        ('{"schema": 2, "files": {}}', "has schema 2, but this nvrstack reads up to 1"),
        ("{", "is damaged"),
        ('{"schema": 1, "files": []}', "is damaged"),
        ("[]", "is damaged"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused(
    changed: Path, manifest: str, sentence: str
) -> None:
    (changed / ".nvrstack/manifest.json").write_text(manifest)
    before = traces(changed)
    done = render(changed, "--yes")
    assert done.code == 2
    assert f".nvrstack/manifest.json: {sentence}" in done.stderr
    assert done.stderr.count("\n") == 2
    assert traces(changed) == before

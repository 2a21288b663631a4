"""`nvrstack restore`: whatever a command replaced was kept first, and comes back."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.commands import Outcome, nvrstack
from tests.unit.projects.made import NGINX, edit, files, made, render, traces

SETTINGS = "nvrstack.toml"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}Z")


def restore(folder: Path, *words: str) -> Outcome:
    return nvrstack("--project", folder, "restore", *words)


def moments(folder: Path) -> list[tuple[str, list[str]]]:
    """Each moment and the files that were replaced then, the newest first."""
    listed = restore(folder, "--json").json()["backups"]
    return [(entry["when"], entry["files"]) for entry in listed]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project two files of which, one of them secret, were replaced at one moment."""
    folder = made(tmp_path / "p", stack="public")
    edit(folder / SETTINGS, "login_rate = 10", "login_rate = 11")
    (folder / "secrets/ddns_password").write_text("an0ther\n")
    assert render(folder, "--yes").code == 0
    return folder


REPLACED = ["ddclient/ddclient.conf", NGINX]


def test_nothing_was_replaced_at_first(tmp_path: Path) -> None:
    folder = made(tmp_path / "p")
    assert restore(folder).stdout == "Nothing was replaced yet.\n"
    assert restore(folder, "--json").json() == {"schema": 1, "backups": []}


def test_a_moment_at_which_nothing_was_kept_is_none(project: Path) -> None:
    listed = moments(project)
    (project / ".nvrstack/backups/2020-01-01T00-00-00.000000Z/nginx").mkdir(parents=True)
    assert moments(project) == listed


def test_the_list_names_moment_and_files_and_changes_nothing(project: Path) -> None:
    before = traces(project)
    ((moment, replaced),) = moments(project)
    assert replaced == REPLACED
    assert MOMENT.fullmatch(moment)
    age = datetime.now(UTC) - datetime.strptime(moment, "%Y-%m-%dT%H-%M-%S.%f%z")
    assert 0 <= age.total_seconds() < 60
    assert restore(project).stdout == f"{moment}  {', '.join(REPLACED)}\n"
    assert traces(project) == before


def test_the_newest_moment_comes_first(project: Path) -> None:
    edit(project / SETTINGS, "login_rate = 11", "login_rate = 12")
    assert render(project, "--yes").code == 0
    (newer, files_then), (older, _) = moments(project)
    assert newer > older
    assert files_then == [NGINX]


def test_what_was_replaced_is_kept_with_its_mode_for_its_owner_alone(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", stack="public")
    (folder / NGINX).chmod(0o640)
    before = files(folder)
    edit(folder / SETTINGS, "login_rate = 10", "login_rate = 11")
    (folder / "secrets/ddns_password").write_text("an0ther\n")
    assert render(folder, "--yes").code == 0
    ((moment, _),) = moments(folder)
    kept = files(folder / ".nvrstack/backups" / moment)
    assert kept == {path: before[path] for path in REPLACED}
    assert {mode for mode, _ in kept.values()} == {0o640, 0o600}
    assert (folder / ".nvrstack").stat().st_mode & 0o777 == 0o700


def test_one_file_is_restored_and_the_others_stay(project: Path) -> None:
    before = files(project)
    ((moment, _),) = moments(project)
    done = restore(project, moment, NGINX, "--yes")
    assert done.code == 0
    assert done.stdout.startswith(f"Restored {NGINX}. ")
    after = files(project)
    assert {path for path in before if before[path] != after[path]} == {NGINX}
    assert b"rate=10r/m" in after[NGINX][1]


def test_all_files_of_a_moment_are_restored_with_their_modes(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", stack="public")
    (folder / NGINX).chmod(0o640)
    before = files(folder)
    edit(folder / SETTINGS, "login_rate = 10", "login_rate = 11")
    (folder / "secrets/ddns_password").write_text("an0ther\n")
    assert render(folder, "--yes").code == 0
    ((moment, _),) = moments(folder)
    done = restore(folder, moment, "--yes", "--json")
    assert done.json() == {"schema": 1, "restored": REPLACED, "when": moment}
    after = files(folder)
    assert {path: after[path] for path in REPLACED} == {path: before[path] for path in REPLACED}


def test_a_restore_can_be_taken_back(project: Path) -> None:
    before = files(project)
    ((first, _),) = moments(project)
    assert restore(project, first, "--yes").code == 0
    assert files(project) != before
    (second, replaced), _ = moments(project)
    assert replaced == REPLACED
    assert restore(project, second, "--yes").code == 0
    assert files(project) == before


@pytest.mark.parametrize("options", [(), (NGINX,), ("--json",)], ids=repr)
def test_without_a_terminal_nothing_is_restored_unasked(
    project: Path, options: tuple[str, ...]
) -> None:
    before = traces(project)
    ((moment, _),) = moments(project)
    done = restore(project, moment, *options)
    assert done.code == 2
    assert "nobody is here to be asked; nothing was changed" in done.stdout + done.stderr
    assert "add --yes to apply" in done.stdout + done.stderr
    assert traces(project) == before


def test_a_restored_file_counts_as_edited_by_hand(project: Path) -> None:
    ((moment, _),) = moments(project)
    assert restore(project, moment, NGINX, "--yes").code == 0
    done = render(project, "--check")
    assert (done.code, f"{NGINX}: edited by hand, left as it is" in done.stdout) == (0, True)


def test_a_removed_file_is_restored_into_its_directory(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", stack="public")
    before = files(folder)["ddclient/ddclient.conf"]
    edit(folder / SETTINGS, 'stack = "public"', 'stack = "router-ddns"')
    edit(folder / SETTINGS, 'updater = "ddclient"', 'updater = "router"')
    assert render(folder, "--yes").code == 0
    for path in (folder / "ddclient").iterdir():
        path.unlink()
    (folder / "ddclient").rmdir()
    (moment, _), *_ = moments(folder)
    assert restore(folder, moment, "ddclient/ddclient.conf", "--yes").code == 0
    assert files(folder)["ddclient/ddclient.conf"] == before


def test_the_settings_that_set_replaced_are_restored(project: Path) -> None:
    before = (project / SETTINGS).read_bytes()
    assert nvrstack("--project", project, "set", "access.login_rate", "12").code == 0
    (moment, replaced), _ = moments(project)
    assert replaced == [SETTINGS]
    assert restore(project, moment, "--yes").code == 0
    assert (project / SETTINGS).read_bytes() == before


@pytest.mark.parametrize(
    "moment", ["2020-01-01T00-00-00.000000Z", "yesterday", "..", ".", "", "../../etc", "/"]
)
def test_an_unknown_moment_is_refused(project: Path, moment: str) -> None:
    before = traces(project)
    done = restore(project, moment, "--yes")
    assert done.code == 2
    assert f"nothing was replaced at {moment!r}" in done.stderr
    assert traces(project) == before


@pytest.mark.parametrize("path", ["compose.yaml", "../../manifest.json", "/etc/passwd", "nginx"])
def test_an_unknown_file_is_refused_with_those_there_are(project: Path, path: str) -> None:
    before = traces(project)
    ((moment, _),) = moments(project)
    done = restore(project, moment, NGINX, path, "--yes")
    assert done.code == 2
    assert f"{path}: was not replaced at {moment}" in done.stderr
    assert f"hint: there is {', '.join(REPLACED)}" in done.stderr
    assert traces(project) == before

"""Other ids in the settings, and root runs `nvrstack render`: everything changes hands."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from nvrstack.host import rights
from nvrstack.host.apply import make_directory
from tests.unit.commands import Outcome, nvrstack

Ids = tuple[int, int]
OLD, NEW, OTHER = (1000, 1000), (1234, 1235), (4321, 4320)
MOONFIRE, NEW_MOONFIRE = (998, 997), (2000, 2001)
STATE = "data/moonfire"
DATABASE = f"{STATE}/db/db"
CERTIFICATE = "data/letsencrypt/live/nvr.example.com/fullchain.pem"
OWN = {CERTIFICATE: OLD, "nginx/custom.d/mine.conf": OLD, "compose.override.yaml": OLD}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that has run for a while."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    folder = tmp_path / "p"
    settings = {
        "project.uid": OLD[0],
        "project.gid": OLD[1],
        "moonfire.uid": MOONFIRE[0],
        "moonfire.gid": MOONFIRE[1],
        "moonfire.state_dir": STATE,
        "moonfire.timezone": "UTC",
        "site.domain": "nvr.example.com",
        "ddns.provider": "noip",
        "ddns.login": "me",
    }
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    secret = ("--secret-file", f"ddns_password={password}")
    done = nvrstack("init", folder, "--yes", "--stack", "public", *words, *secret)
    assert done.code == 0, done.stderr
    for path, owner in {**OWN, DATABASE: MOONFIRE}.items():
        make_directory((folder / path).parent, 0o700, owner)
        (folder / path).write_text("mine\n")
        os.chown(folder / path, *owner)
    return folder


def set_ids(folder: Path, section: str, ids: Ids) -> None:
    for key, number in zip(("uid", "gid"), ids, strict=True):
        done = nvrstack("--project", folder, "set", f"{section}.{key}", str(number))
        assert done.code == 0, done.stderr


def render(folder: Path, *options: str) -> Outcome:
    return nvrstack("--project", folder, "render", *options)


def owned(folder: Path) -> dict[str, Ids]:
    """Whom everything belongs to, the project directory itself included; links not followed."""
    found = [folder, *folder.rglob("*")]
    stats = {str(path.relative_to(folder)): path.lstat() for path in found}
    return {path: (status.st_uid, status.st_gid) for path, status in stats.items()}


def is_moonfires(path: str) -> bool:
    return path == STATE or path.startswith(f"{STATE}/")


def assert_owners(folder: Path, project: Ids, moonfire: Ids) -> None:
    found = owned(folder)
    assert {DATABASE, STATE, *OWN, ".", ".nvrstack/lock", "secrets/ddns_password"} <= set(found)
    wrong = {
        path: ids
        for path, ids in found.items()
        if ids != (moonfire if is_moonfires(path) else project)
    }
    assert wrong == {}


def test_the_project_and_all_in_it_change_hands(project: Path) -> None:
    set_ids(project, "project", NEW)
    assert render(project, "--check").code == 1
    assert owned(project)["."] == OLD
    done = render(project, "--yes")
    assert done.code == 0, done.stderr
    assert "the project: given to 1234:1235, with everything in it\n" in done.stdout
    assert_owners(project, NEW, MOONFIRE)
    assert render(project, "--check").stdout == "Nothing to change.\n"


def test_both_change_at_once_and_back(project: Path) -> None:
    for ids, moonfire in ((NEW, NEW_MOONFIRE), (OLD, MOONFIRE)):
        set_ids(project, "project", ids)
        set_ids(project, "moonfire", moonfire)
        assert render(project, "--yes").code == 0
        assert_owners(project, ids, moonfire)


def test_moonfires_files_alone_change_hands(project: Path) -> None:
    set_ids(project, "moonfire", NEW_MOONFIRE)
    assert render(project, "--yes").code == 0
    assert_owners(project, OLD, NEW_MOONFIRE)


def test_who_may_see_the_recordings_is_moonfires_owners_to_say(project: Path) -> None:
    (project / STATE).chmod(0o750)
    (project / "data/letsencrypt").chmod(0o755)
    set_ids(project, "project", NEW)
    assert render(project, "--yes").code == 0
    assert (project / STATE).stat().st_mode & 0o777 == 0o750
    assert (project / "data/letsencrypt").stat().st_mode & 0o777 == 0o700


def test_what_lies_elsewhere_is_not_given_away(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("root's\n")
    before = owned(outside)
    (project / "data/to-a-file").symlink_to(outside / "file")
    (project / "data/to-a-folder").symlink_to(outside)
    (project / DATABASE).with_name("link").symlink_to(outside)
    for path in ("data/to-a-file", "data/to-a-folder", f"{STATE}/db/link"):
        os.chown(project / path, *OLD, follow_symlinks=False)
    set_ids(project, "project", NEW)
    set_ids(project, "moonfire", NEW_MOONFIRE)
    assert render(project, "--yes").code == 0
    assert_owners(project, NEW, NEW_MOONFIRE)
    assert owned(outside) == before


def test_recordings_elsewhere_are_refused_and_nothing_changes_hands(
    project: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    os.chown(disk, *MOONFIRE)
    assert nvrstack("--project", project, "set", "moonfire.sample_dirs", str(disk)).code == 0
    assert render(project, "--yes").code == 0
    set_ids(project, "moonfire", NEW_MOONFIRE)
    before = owned(project)
    done = render(project, "--yes")
    assert done.code == 3
    assert f"{disk} belongs to uid 998, but Moonfire is to run as 2000" in done.stderr
    assert owned(project) == before
    os.chown(disk, *NEW_MOONFIRE)
    assert render(project, "--yes").code == 0
    assert_owners(project, OLD, NEW_MOONFIRE)


def test_a_linked_directory_of_the_projects_is_refused(project: Path, tmp_path: Path) -> None:
    (project / "data").rename(tmp_path / "data")
    (project / "data").symlink_to(tmp_path / "data")
    assert render(project, "--yes").code == 0
    set_ids(project, "project", NEW)
    done = render(project, "--yes")
    assert done.code == 3
    assert f"{project}/data belongs to uid 1000" in done.stderr
    assert "set project.uid and project.gid, or chown it" in done.stderr


class Failing:
    """The operating system, in which one chown fails, and each one after it."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def chown(self, path: Any, *given: Any, **options: Any) -> None:
        self.left -= 1
        if self.left <= 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        os.chown(path, *given, **options)


def cut_short(folder: Path, number: int) -> bool:
    """Render until so many files have changed hands; whether it was cut short."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rights, "os", Failing(number))
        done = render(folder, "--yes")
    if done.code == 3:
        assert "Input/output error" in done.stderr
        assert "`nvrstack render` completes what is left" in done.stderr
    return done.code != 0


def test_what_is_cut_short_is_completed_by_the_next_render(project: Path) -> None:
    for number in range(1, 1000, 9):
        wanted = OLD if owned(project)["."] == NEW else NEW
        set_ids(project, "project", wanted)
        if not cut_short(project, number):
            break
        assert render(project, "--check").code == 1
        assert render(project, "--yes").code == 0
        assert_owners(project, wanted, MOONFIRE)
        assert render(project, "--check").code == 0
    assert 40 < number < 999


@pytest.mark.parametrize("last", [OTHER, OLD], ids=["another", "the first again"])
def test_who_changes_their_mind_in_between_gets_the_last_owner(project: Path, last: Ids) -> None:
    set_ids(project, "project", NEW)
    assert cut_short(project, 20)
    assert NEW in owned(project).values()
    set_ids(project, "project", last)
    assert render(project, "--check").code == 1
    assert render(project, "--yes").code == 0
    assert_owners(project, last, MOONFIRE)
    assert render(project, "--check").code == 0

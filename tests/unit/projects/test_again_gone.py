"""Files that went, changed their mode, or are no longer rendered."""

from pathlib import Path

import pytest

from tests.unit.projects.made import NGINX, edit, files, made, render

SETTINGS = "nvrstack.toml"


def test_a_deleted_file_comes_back(tmp_path: Path) -> None:
    project = made(tmp_path / "p")
    before = files(project)
    (project / NGINX).unlink()
    done = render(project, "--check")
    assert (done.code, f"+++ b/{NGINX}" in done.stdout) == (1, True)
    assert render(project, "--yes").code == 0
    assert files(project) == before


def test_a_deleted_directory_comes_back(tmp_path: Path) -> None:
    project = made(tmp_path / "p")
    before = files(project)
    for path in (project / "certbot").iterdir():
        path.unlink()
    (project / "certbot").rmdir()
    assert render(project, "--yes").code == 0
    assert files(project) == before


@pytest.mark.parametrize(
    ("path", "mode", "usual"),
    [(NGINX, 0o600, 0o644), (NGINX, 0o666, 0o644), ("ddclient/ddclient.conf", 0o644, 0o600)],
)
def test_a_mode_that_changed_is_shown_and_set_right(
    tmp_path: Path, path: str, mode: int, usual: int
) -> None:
    folder = made(tmp_path / "p", stack="public")
    before = files(folder)
    (folder / path).chmod(mode)
    shown = render(folder, "--check")
    assert shown.code == 1
    assert f"{path}: " in shown.stdout
    assert render(folder, "--yes").code == 0
    assert (folder / path).stat().st_mode & 0o777 == usual
    assert files(folder) == before


def test_a_file_no_longer_rendered_goes_if_it_is_untouched(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", "site.redirects=old.example.com")
    gone = "nginx/sites/redirects.conf"
    content = (folder / gone).read_bytes()
    edit(folder / SETTINGS, 'redirects = ["old.example.com"]', "redirects = []")
    assert render(folder, "--yes").code == 0
    assert not (folder / gone).exists()
    (moment,) = (folder / ".nvrstack/backups").iterdir()
    assert (moment / gone).read_bytes() == content


def test_a_file_no_longer_rendered_stays_if_it_was_edited_and_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", "site.redirects=old.example.com")
    kept = folder / "nginx/sites/redirects.conf"
    kept.write_text("# mine now\n")
    mine = kept.stat()
    edit(folder / SETTINGS, 'redirects = ["old.example.com"]', "redirects = []")
    done = render(folder, "--yes")
    assert done.code == 0
    assert "nginx/sites/redirects.conf: edited by hand, left as it is" in done.stdout
    assert kept.read_text() == "# mine now\n"
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == (mine.st_ino, mine.st_mtime_ns)
    # It is unknown from now on: only what would be put in its place tells of it.
    assert render(folder, "--yes").stdout == "Nothing to change.\n"
    edit(folder / SETTINGS, "redirects = []", 'redirects = ["old.example.com"]')
    refused = render(folder, "--yes")
    assert (refused.code, "nginx/sites/redirects.conf" in refused.stderr) == (1, True)
    assert kept.read_text() == "# mine now\n"


@pytest.mark.parametrize("place", ["nginx/sites", NGINX, "certbot"])
def test_a_file_where_a_directory_belongs_or_the_reverse_is_refused_before_anything_changes(
    tmp_path: Path, place: str
) -> None:
    folder = made(tmp_path / "p")
    edit(folder / SETTINGS, "nvr.example.com", "new.example.com")
    (folder / place).rename(tmp_path / "away")
    if (tmp_path / "away").is_dir():
        (folder / place).write_text("a file\n")
    else:
        (folder / place).mkdir()
    before = files(folder)
    done = render(folder, "--yes")
    assert done.code == 3
    assert f"{folder / place}: " in done.stderr
    assert "nothing was changed" in done.stderr
    assert files(folder) == before
    if (folder / place).is_dir():
        (folder / place).rmdir()
    else:
        (folder / place).unlink()
    (tmp_path / "away").rename(folder / place)
    assert render(folder, "--yes").code == 0
    assert "new.example.com" in (folder / "nginx/sites/moonfire.conf").read_text()

"""A project that nobody touched: rendering it again does nothing at all."""

from pathlib import Path

import pytest

from tests.unit.projects.made import NEEDED, NGINX, edit, files, made, render, traces


@pytest.mark.parametrize("stack", NEEDED)
@pytest.mark.parametrize("options", [(), ("--yes",), ("--check",), ("--yes", "--theirs")])
def test_rendering_an_untouched_project_writes_nothing(
    stack: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    folder = made(tmp_path / "p", stack=stack)
    before = traces(folder)
    done = render(folder, *options)
    assert (done.code, done.stdout, done.stderr) == (0, "Nothing to change.\n", "")
    assert traces(folder) == before


def test_a_project_that_was_rendered_again_is_untouched_too(tmp_path: Path) -> None:
    folder = made(tmp_path / "p")
    edit(folder / "nvrstack.toml", "login_rate = 10", "login_rate = 11")
    assert render(folder, "--yes").code == 0
    before = traces(folder)
    assert render(folder, "--yes").stdout == "Nothing to change.\n"
    assert traces(folder) == before


def test_a_change_leaves_the_files_alone_that_it_does_not_concern(tmp_path: Path) -> None:
    folder = made(tmp_path / "p")
    before = traces(folder)
    edit(folder / "nvrstack.toml", "login_rate = 10", "login_rate = 11")
    assert render(folder, "--yes").code == 0
    after = traces(folder)
    changed = {path for path in before if before[path] != after[path]}
    assert changed == {"nvrstack.toml", ".nvrstack/manifest.json", NGINX}
    (kept,) = set(after) - set(before)
    assert kept.startswith(".nvrstack/backups/")
    assert kept.endswith(NGINX)
    assert after[kept][3] == before[NGINX][3]


def test_a_change_back_gives_the_same_bytes_and_modes(tmp_path: Path) -> None:
    folder = made(tmp_path / "p")
    manifest = (folder / ".nvrstack/manifest.json").read_bytes()
    before = files(folder)
    edit(folder / "nvrstack.toml", "login_rate = 10", "login_rate = 11")
    assert render(folder, "--yes").code == 0
    assert files(folder) != before
    edit(folder / "nvrstack.toml", "login_rate = 11", "login_rate = 10")
    assert render(folder, "--yes").code == 0
    assert files(folder) == before
    assert (folder / ".nvrstack/manifest.json").read_bytes() == manifest

"""A disk that fills in the middle: nothing changes, and one sentence says so. Needs root: mount(8).

A small tmpfs is filled up to each number of free pages, from none to as many as it takes.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.commands import nvrstack
from tests.unit.projects.made import NGINX, edit, files, made, render

PAGE = 4096


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte with three hundred inodes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = "size=1m,nr_inodes=300,mode=0755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "small", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def changed(small_disk: Path) -> Path:
    """A project on that disk whose settings ask for changes in several files, one of them new."""
    folder = made(small_disk / "p", "site.redirects=old.example.com")
    edit(folder / "nvrstack.toml", 'redirects = ["old.example.com"]', "redirects = []")
    edit(folder / "nvrstack.toml", "login_rate = 10", "login_rate = 11")
    with (folder / "nvrstack.toml").open("a") as settings:
        settings.write(
            '\n[[sites]]\ndomain = "nas.example.com"\nupstream = "http://192.168.1.30:5000"\n'
        )
    return folder


def free_pages(disk: Path) -> int:
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize // PAGE


def leave(disk: Path, pages: int) -> None:
    """Fill the disk but for so many free pages."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    filler.write_bytes(bytes((free_pages(disk) - pages) * PAGE))
    assert free_pages(disk) == pages


def test_a_full_disk_changes_nothing_and_says_so(changed: Path) -> None:
    disk = changed.parent
    before = files(changed)
    refused = 0
    for pages in range(1000):
        leave(disk, pages)
        done = render(changed, "--yes")
        if done.code == 0:
            break
        refused += 1
        assert done.code == 3
        assert "No space left on device" in done.stderr
        assert done.stderr.endswith("nothing was changed\n"), done.stderr
        assert done.stderr.count("\n") == 2
        assert files(changed) == before
        # What was written so far is gone again, so that there is room for what comes next.
        assert free_pages(disk) == pages
        assert render(changed, "--check").code == 1
    assert refused > 10
    assert "rate=11r/m" in (changed / NGINX).read_text()
    assert (changed / "nginx/sites/further.conf").exists()
    assert not (changed / "nginx/sites/redirects.conf").exists()
    assert render(changed, "--check").code == 0


def test_a_disk_without_inodes_leaves_the_old_tree_and_says_so(changed: Path) -> None:
    before = files(changed)
    spare = changed.parent / "spare"
    spare.mkdir()
    count = 0
    while os.statvfs(spare).f_favail:
        (spare / str(count)).touch()
        count += 1
    refused = 0
    for number in range(count):
        done = render(changed, "--yes")
        if done.code == 0:
            break
        refused += 1
        assert done.code == 3
        assert "No space left on device" in done.stderr
        assert files(changed) == before, (refused, done.stderr)
        assert done.stderr.endswith("nothing was changed\n"), (refused, done.stderr)
        (spare / str(number)).unlink()
    assert refused > 10
    assert "rate=11r/m" in (changed / NGINX).read_text()
    assert render(changed, "--check").code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("set", "access.login_rate", "12"),
        ("domain", "new.example.com", "--yes"),
        ("template", "copy", "nginx/nginx/nginx.conf.j2"),
    ],
    ids=" ".join,
)
def test_on_a_full_disk_every_command_changes_nothing(
    changed: Path, command: tuple[str, ...]
) -> None:
    before = files(changed)
    for pages in range(3):
        leave(changed.parent, pages)
        done = nvrstack("--project", changed, *command)
        assert done.code == 3
        assert "No space left on device" in done.stderr
        assert files(changed) == before
    (changed.parent / "filler").unlink()
    assert nvrstack("--project", changed, *command).code == 0

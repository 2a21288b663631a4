"""A render of an untouched project changes nothing, and touches no container."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.again import contents, lives
from tests.e2e.project import Project

SKIPPED = ("data/", ".nvrstack/lock")
"""What the containers write, and the lock."""


def kept(directory: Path) -> dict[str, tuple[bytes, int, int, int]]:
    """Return every file of a project with its inode, mode and time of change."""
    found = {}
    for path, content in contents(directory).items():
        if not path.startswith(SKIPPED):
            status = (directory / path).stat()
            found[path] = (content, status.st_ino, status.st_mode, status.st_mtime_ns)
    return found


@pytest.mark.parametrize("options", [["--yes"], ["--check"]])
def test_an_untouched_project_stays_as_it_is(public: Project, options: list[str]) -> None:
    """The public stack, which has its owner's `compose.override.yaml` too."""
    files, before = kept(public.directory), lives(public)
    assert set(before) == {"moonfire-nvr", "nginx", "certbot", "ddclient"}
    assert "compose.override.yaml" in files
    done = public.nvrstack("render", *options)
    assert done.stdout == "Nothing to change.\n"
    assert kept(public.directory) == files
    public.up()
    assert lives(public) == before

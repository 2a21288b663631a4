"""What is written is readable by its owner alone, and one nvrstack writes at a time."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nvrstack.host.apply import KEPT, STAGING, locked
from nvrstack.tree import PUBLIC, SECRET
from tests.unit.applied import AFTER, content, project, update
from tests.unit.commands import tree


def test_no_secret_is_readable_by_others_at_any_moment(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    before = os.umask(0)
    looks = 0

    def look() -> None:
        nonlocal looks
        for mode, data in tree(folder).values():
            if b"the secret" in data:
                looks += 1
                assert stat.S_IMODE(mode) == SECRET

    real_open, real_fsync, real_fchmod = os.open, os.fsync, os.fchmod

    def watched_open(path: Any, flags: int, mode: int = 0o777, **options: Any) -> int:
        if flags & os.O_CREAT:
            assert mode in {SECRET, PUBLIC}
        return real_open(path, flags, mode, **options)

    def watched_fsync(descriptor: int) -> None:
        look()
        real_fsync(descriptor)

    def watched_fchmod(descriptor: int, mode: int) -> None:
        look()
        real_fchmod(descriptor, mode)

    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "open", watched_open)
            patch.setattr(os, "fsync", watched_fsync)
            patch.setattr(os, "fchmod", watched_fchmod)
            update(folder)
    finally:
        os.umask(before)
    look()
    assert looks > 3


def test_the_staging_folder_is_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    modes = set()
    real = os.fsync

    def watched(descriptor: int) -> None:
        if (folder / STAGING).exists():
            modes.add(stat.S_IMODE((folder / STAGING).stat().st_mode))
        real(descriptor)

    before = os.umask(0)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", watched)
            update(folder)
    finally:
        os.umask(before)
    assert modes == {0o700}


def test_a_wide_umask_and_a_narrow_one_give_the_same_modes(tmp_path: Path) -> None:
    found = []
    for umask in (0, 0o077):
        folder = tmp_path / f"{umask:o}"
        before = os.umask(umask)
        try:
            update(project(folder))
        finally:
            os.umask(before)
        found.append(content(folder))
    assert found == [AFTER, AFTER]


def test_the_lock_keeps_a_second_one_out(tmp_path: Path) -> None:
    attempt = (
        "import sys; from pathlib import Path; from nvrstack.host.apply import locked\n"
        "with locked(Path(sys.argv[1]), None): print('in')"
    )
    command = [sys.executable, "-c", attempt, str(tmp_path)]
    with locked(tmp_path, None):
        assert stat.S_IMODE((tmp_path / KEPT).stat().st_mode) == 0o700
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "another nvrstack is at work there" in second.stderr
        assert second.stdout == ""
    third = subprocess.run(command, capture_output=True, text=True, check=False)
    assert third.stdout == "in\n"

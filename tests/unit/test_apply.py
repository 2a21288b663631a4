"""Writing a project: all of it or nothing, whenever it is cut short; secrets never readable."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from nvrstack.errors import HostError
from nvrstack.host.apply import JOURNAL, KEPT, STAGING, apply, locked, recover
from nvrstack.tree import PUBLIC, SECRET, File

from tests.unit.commands import Listing, tree

OLD = {"a": File(b"old a"), "b": File(b"old b"), "keep/k": File(b"kept")}
NEW = {
    "a": File(b"new a", SECRET),
    "c/d/e": File(b"new e"),
    "secrets/s": File(b"the secret", SECRET),
}
CALLS = ("open", "mkdir", "replace", "unlink", "fsync", "fchmod", "chmod", "rmdir")


class KilledError(BaseException):
    """The power went away."""


@contextmanager
def failing(number: int, failure: BaseException, *, after: bool) -> Iterator[list[str]]:
    """Let call `number` to the operating system fail, before or after it was carried out."""
    calls: list[str] = []

    def wrap(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            calls.append(name)
            if len(calls) != number:
                return real(*arguments, **options)
            if after:
                real(*arguments, **options)
            raise failure

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, wrap(name, getattr(os, name)))
        yield calls


def project(folder: Path) -> Path:
    """A project with the old files."""
    folder.mkdir()
    apply(folder, OLD)
    return folder


def content(folder: Path) -> Listing:
    """The files of a project, without what nvrstack keeps for itself."""
    return {
        path: (stat.S_IMODE(mode), data)
        for path, (mode, data) in tree(folder).items()
        if not path.startswith(KEPT) and stat.S_ISREG(mode)
    }


def update(folder: Path) -> None:
    """What is cut short in these tests."""
    apply(folder, NEW, remove=["b"])


BEFORE = {path: (file.mode, file.content) for path, file in OLD.items()}
AFTER = {p: (f.mode, f.content) for p, f in {**OLD, **NEW}.items() if p != "b"}


def number_of_calls(tmp_path: Path) -> int:
    folder = project(tmp_path / "counted")
    with failing(-1, KilledError(), after=False) as calls:
        update(folder)
    assert content(folder) == AFTER
    return len(calls)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_call_leaves_the_old_or_with_recover_the_new(
    tmp_path: Path, *, after: bool
) -> None:
    seen = set()
    for number in range(1, number_of_calls(tmp_path) + 1):
        folder = project(tmp_path / str(number))
        with pytest.raises(KilledError), failing(number, KilledError(), after=after):
            update(folder)
        committed = (folder / JOURNAL).exists()
        if not committed:
            assert content(folder) in (BEFORE, AFTER)
        assert recover(folder) == committed
        assert content(folder) == (AFTER if committed else content(folder))
        assert content(folder) in (BEFORE, AFTER)
        seen.add("new" if content(folder) == AFTER else "old")
        update(folder)
        assert content(folder) == AFTER
        assert list((folder / KEPT).iterdir()) == []
    assert seen == {"old", "new"}


def test_a_recovery_that_is_killed_is_recovered_from(tmp_path: Path) -> None:
    journaled = 0
    for number in range(1, 100):
        folder = project(tmp_path / str(number))
        with failing(0, KilledError(), after=False) as calls, pytest.MonkeyPatch.context() as patch:
            patch.setattr("nvrstack.host.apply.recover", lambda *_: None)
            update(folder)
        assert calls
        with failing(number, KilledError(), after=False) as calls:
            try:
                recover(folder)
            except KilledError:
                journaled += 1
            else:
                break
        recover(folder)
        assert content(folder) == AFTER
    assert journaled > 10


def test_a_full_disk_changes_nothing_or_is_completed_later(tmp_path: Path) -> None:
    outcomes = []
    for number in range(1, number_of_calls(tmp_path) + 1):
        folder = project(tmp_path / str(number))
        full = OSError(errno.ENOSPC, "No space left on device")
        said = ""
        with failing(number, full, after=False):
            try:
                update(folder)
            except HostError as error:
                said = f"{error.message}; {error.hint}"
        outcomes.append(said.rpartition("; ")[2])
        if "nothing was changed" in said:
            assert content(folder) == BEFORE
            assert not (folder / JOURNAL).exists()
        else:
            # Either what failed was only tidying up, or the next command completes it.
            assert recover(folder) == ("the next command completes it" in said)
            assert content(folder) == AFTER
    assert outcomes.count("nothing was changed") > len(NEW) * 2
    assert set(outcomes) == {
        "nothing was changed",
        "the change is half done, and the next command completes it",
        "",
    }


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


def test_a_target_that_is_a_directory_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    (folder / "c/d/e").mkdir(parents=True)
    with pytest.raises(HostError, match="c/d/e"):
        update(folder)


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

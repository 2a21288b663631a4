"""Writing a project: all of it or nothing, whenever it is cut short; secrets never readable."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from nvrstack.errors import HostError
from nvrstack.host.apply import JOURNAL, KEPT, STAGING, recover
from nvrstack.host.atomic import BESIDE
from tests.unit.applied import AFTER, BEFORE, NEW, content, project, update

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
                with suppress(FileNotFoundError):
                    real(*arguments, **options)
            raise failure

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, wrap(name, getattr(os, name)))
        yield calls


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


def test_everything_is_on_the_disk_before_the_journal_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path / "project")
    events: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        events.append(str(path.relative_to(folder)))
        real_fsync(descriptor)

    def watched_replace(source: str, target: str, **folders: int) -> None:
        path = Path(f"/proc/self/fd/{folders['dst_dir_fd']}").readlink() / target
        events.append(f"to {path.relative_to(folder)}")
        real_replace(source, target, **folders)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    update(folder)
    journaled = events.index(f"to {JOURNAL}")
    staged = {f"{STAGING}/{index}" for index in range(len(NEW))}
    assert set(events[:journaled]) == {*staged, STAGING, f"{JOURNAL}{BESIDE}"}
    # The journal's own folder comes before the first change.
    assert events[journaled + 1] == KEPT
    assert events[journaled + 2].startswith("to ")


def test_a_target_that_is_a_directory_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    (folder / "c/d/e").mkdir(parents=True)
    with pytest.raises(HostError, match="c/d/e"):
        update(folder)

"""Files that take another's place: whole, on the disk, and never through somebody's link."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from nvrstack.host import atomic
from nvrstack.host.atomic import BESIDE
from nvrstack.host.file_copies import write_private

MAKERS: dict[str, Callable[[Path], None]] = {
    "write": lambda target: atomic.write(target, b"new", 0o600),
    "copy": lambda target: atomic.copy(made(target.parent / "source", b"new"), target),
    "snapshot": lambda target: atomic.snapshot(made(target.parent / "source", b"new"), target),
    "rename": lambda target: atomic.rename(made(target.parent / "source", b"new"), target),
}


def made(place: Path, content: bytes) -> Path:
    place.write_bytes(content)
    return place


@pytest.mark.parametrize("maker", MAKERS)
def test_a_link_that_waits_there_is_replaced_and_never_followed(tmp_path: Path, maker: str) -> None:
    theirs = made(tmp_path / "theirs", b"theirs")
    target = tmp_path / "target"
    for planted in (target, tmp_path / f"target{BESIDE}"):
        planted.symlink_to(theirs)
    MAKERS[maker](target)
    assert not target.is_symlink()
    assert target.read_bytes() == b"new"
    assert theirs.read_bytes() == b"theirs"


def test_a_secret_does_not_go_where_a_link_leads(tmp_path: Path) -> None:
    theirs = made(tmp_path / "theirs", b"")
    (tmp_path / f"move.json{BESIDE}").symlink_to(theirs)
    write_private(tmp_path / "move.json", "secret")
    assert theirs.read_bytes() == b""
    assert (tmp_path / "move.json").read_text() == "secret"


def test_a_file_that_is_made_is_nobody_elses(tmp_path: Path) -> None:
    theirs = made(tmp_path / "theirs", b"theirs")
    (tmp_path / "place").symlink_to(theirs)
    with pytest.raises(FileExistsError):
        atomic.create(tmp_path / "place", b"new", 0o600)
    assert theirs.read_bytes() == b"theirs"


def test_a_directory_put_in_the_place_of_the_open_one_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    real = os.replace

    def swapped(source: str, target: str, **folders: int) -> None:
        (tmp_path / "own").rename(tmp_path / "moved")
        (tmp_path / "own").mkdir()
        real(source, target, **folders)

    monkeypatch.setattr(os, "replace", swapped)
    atomic.write(tmp_path / "own/file", b"new", 0o600)
    assert list((tmp_path / "own").iterdir()) == []
    assert (tmp_path / "moved/file").read_bytes() == b"new"


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_only_an_ordinary_file_is_read_for_a_snapshot(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source"
    if kind == "pipe":
        os.mkfifo(source)
    else:
        source.symlink_to(made(tmp_path / "theirs", b"theirs"))
    with pytest.raises(OSError, match=str(source)):
        atomic.snapshot(source, tmp_path / "target")
    assert not (tmp_path / "target").exists()
    assert not (tmp_path / f"target{BESIDE}").exists()


def test_a_failure_leaves_what_was_there_and_names_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = made(tmp_path / "target", b"old")
    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OSError, match="No space left") as raised:
        atomic.write(target, b"new", 0o600)
    assert raised.value.filename == str(target)
    assert atomic.refused(target, raised.value).message == f"{target}: No space left on device"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"target": b"old"}


def full_disk(source: str, target: str, **_: int) -> None:
    raise OSError(28, "No space left on device", source, None, target)


def test_a_file_and_its_directory_are_on_the_disk_in_that_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    for maker in ("write", "copy"):
        synced.clear()
        MAKERS[maker](tmp_path / "target")
        assert synced == [f"target{BESIDE}", tmp_path.name]


def test_a_mode_is_what_was_asked_for_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        atomic.write(tmp_path / "file", b"", 0o644)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644

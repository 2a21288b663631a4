"""The only place that makes a file beside another and gives it the other's name.

Each is whole and on the disk before it has its name, and is never reached through a link: what is
done is done to a name in a directory that is held open, in whose place nobody can put another one
meanwhile (openat(2), renameat(2)). Everything raises OSError, with the whole path in it.
"""

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from nvrstack.errors import HostError

BESIDE = ".nvrstack-new"
"""What a name has at its end for as long as its file is being made."""
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
CHUNK = 64 * 1024 * 1024

Owner = tuple[int, int]
"""A uid and a gid."""


def create(place: Path, content: bytes, mode: int, owner: Owner | None = None) -> None:
    """Make a file where nothing is yet. Its directory has still to be written, see `sync`."""
    with _opened(place.parent) as folder, _named(place):
        _create(folder, place.name, content, mode, owner)


def write(target: Path, content: bytes, mode: int, owner: Owner | None = None) -> None:
    """Let a file have this content, mode and owner, whatever was there."""
    with _beside(target) as (folder, name):
        _create(folder, name, content, mode, owner)


def link(target: Path, to: str) -> None:
    """Let a symbolic link to `to` be there, whatever was."""
    with _beside(target) as (folder, name):
        os.symlink(to, name, dir_fd=folder)


def copy(source: Path, target: Path) -> None:
    """Let `target` be what `source` is, a file or a link: content, mode, owner and times."""
    with _beside(target) as (folder, name):
        if source.is_symlink():
            status = source.lstat()
            os.symlink(source.readlink(), name, dir_fd=folder)
            _give(name, status, folder)
            times = (status.st_atime_ns, status.st_mtime_ns)
            os.utime(name, ns=times, dir_fd=folder, follow_symlinks=False)
            return
        with _ordinary(source) as read:
            written = os.open(name, NEW, 0o600, dir_fd=folder)
            try:
                _copy_content(read, written)
                # Before the mode, bits of which chown(2) may clear.
                _give(name, os.fstat(read), folder)
                shutil.copystat(f"/proc/self/fd/{read}", f"/proc/self/fd/{written}")
                os.fsync(written)
            finally:
                os.close(written)


def snapshot(source: Path, target: Path) -> None:
    """A copy for its maker alone, for which somebody waits: the disk may have it later."""
    with _beside(target, lasting=False) as (folder, name), _ordinary(source) as read:
        written = os.open(name, NEW, 0o600, dir_fd=folder)
        try:
            _copy_content(read, written)
        finally:
            os.close(written)


def rename(source: Path, target: Path) -> None:
    """Give a file or a directory another name, in the place of what may be there."""
    with _opened(source.parent) as here, _opened(target.parent) as there:
        with _named(target):
            os.replace(source.name, target.name, src_dir_fd=here, dst_dir_fd=there)
        os.fsync(there)


def remove(place: Path) -> None:
    """Let a name be gone; it may be so already."""
    with _opened(place.parent) as folder, _named(place):
        _unlink(folder, place.name)
        os.fsync(folder)


def sync(path: Path) -> None:
    """Have a file's content, or which files a directory has, on the disk: fsync(2)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refused(path: Path, error: OSError, so_far: str = "nothing was changed") -> HostError:
    """The error for a disk or a permission that said no."""
    return HostError(
        f"{error.filename2 or error.filename or path}: {error.strerror or error}",
        f"check that the disk has room and that you may write there; {so_far}",
    )


@contextlib.contextmanager
def _beside(target: Path, *, lasting: bool = True) -> Iterator[tuple[int, str]]:
    """A name in the open directory of `target`, which takes its place at the end."""
    name = target.name + BESIDE
    with _opened(target.parent) as folder, _named(target):
        _unlink(folder, name)
        try:
            yield folder, name
            os.replace(name, target.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(OSError):
                _unlink(folder, name)
            raise
        if lasting:
            os.fsync(folder)


@contextlib.contextmanager
def _opened(directory: Path) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _named(place: Path) -> Iterator[None]:
    """Errors about a name in the directory of `place` tell of `place`."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and not Path(error.filename).is_absolute():
            error.filename, error.filename2 = str(place), None
        raise


@contextlib.contextmanager
def _ordinary(source: Path) -> Iterator[int]:
    """An ordinary file for reading; whoever put a pipe there would let us wait for ever."""
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is no ordinary file", str(source))
        yield descriptor
    finally:
        os.close(descriptor)


def _create(folder: int, name: str, content: bytes, mode: int, owner: Owner | None) -> None:
    # The mode is there from the first moment, so that no secret is ever readable by others.
    descriptor = os.open(name, NEW, mode, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        if owner is not None:
            os.fchown(descriptor, *owner)
        # After the owner, for chown(2) may clear bits of it.
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _copy_content(read: int, written: int) -> None:
    try:
        # File systems that can share the blocks do, and need no time for it.
        while os.copy_file_range(read, written, CHUNK):
            pass
    except OSError:
        os.lseek(read, 0, os.SEEK_SET)
        os.ftruncate(written, os.lseek(written, 0, os.SEEK_SET))
        with open(read, "rb", closefd=False) as source, open(written, "wb", closefd=False) as copy:
            shutil.copyfileobj(source, copy)


def _give(name: str, status: os.stat_result, folder: int) -> None:
    owner = (status.st_uid, status.st_gid)
    present = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if owner != (present.st_uid, present.st_gid):
        os.chown(name, *owner, dir_fd=folder, follow_symlinks=False)


def _unlink(folder: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)

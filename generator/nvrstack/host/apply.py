"""Writes files into a project directory so that all of them change, or none.

The new files are first written beside, under `.nvrstack/staging`. Then a journal names them, and
only then is each renamed into place. Whoever is killed before the journal has changed nothing;
whoever is killed after it is completed by the next call of `recover`.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

from filelock import FileLock, Timeout

from nvrstack.errors import HostError
from nvrstack.host import atomic
from nvrstack.host.atomic import refused
from nvrstack.tree import SECRET, Tree

KEPT = ".nvrstack"
STAGING = f"{KEPT}/staging"
JOURNAL = f"{KEPT}/apply.json"
UNFINISHED = "the change is half done, and the next command completes it"


@contextlib.contextmanager
def locked(project: Path, owner: tuple[int, int] | None) -> Iterator[None]:
    """Keep every other nvrstack out of the project, which is whole: see `recover`.

    Raises HostError when one is at work.
    """
    make_directory(project / KEPT, 0o700, owner)
    lock = FileLock(project / KEPT / "lock", timeout=0, mode=SECRET)
    try:
        with lock:
            if owner is not None:
                # As its folder, which may have yet to be given to a new owner.
                folder = (project / KEPT).stat()
                os.chown(lock.lock_file, folder.st_uid, folder.st_gid)
            recover(project, owner)
            yield
    except Timeout as error:
        raise HostError(
            f"{project}: another nvrstack is at work there", "wait until it has finished"
        ) from error


def apply(
    project: Path,
    files: Tree,
    owner: tuple[int, int] | None = None,
    remove: Iterable[str] = (),
) -> None:
    """Write `files`, each given to `owner` (uid, gid) if that is not None, and `remove` others.

    Raises HostError when the disk refuses; then nothing has changed, or `recover` can complete it.
    """
    staging = project / STAGING
    for path in files:
        if (project / path).is_dir():
            raise HostError(
                f"{project / path}: is a directory, where a file has to go; nothing was changed",
                "move it away",
            )
    parents = {project / parent for path in files for parent in PurePath(path).parents}
    missing = sorted(parent for parent in parents if not parent.is_dir())
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True, mode=0o700)
        steps = []
        for index, (path, file) in enumerate(sorted(files.items())):
            atomic.create(staging / str(index), file.content, file.mode, owner)
            steps.append({"staged": str(index), "path": path})
        for parent in missing:
            make_directory(parent, 0o755, owner)
        steps += [{"path": path} for path in remove]
        atomic.sync(staging)
        atomic.write(project / JOURNAL, json.dumps(steps).encode(), SECRET)
    except OSError as error:
        # Without its journal first: what that names may not go before it.
        with contextlib.suppress(OSError):
            (project / JOURNAL).unlink(missing_ok=True)
            shutil.rmtree(staging, ignore_errors=True)
        for parent in reversed(missing):
            with contextlib.suppress(OSError):
                parent.rmdir()
        raise refused(project, error) from error
    recover(project, owner)


def recover(project: Path, owner: tuple[int, int] | None = None) -> bool:
    """Complete an `apply` that was cut short. True when there was one."""
    journal = project / JOURNAL
    try:
        steps = json.loads(journal.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    try:
        for step in steps:
            target = project / step["path"]
            make_directory(target.parent, 0o755, owner, below=project)
            if "staged" not in step:
                atomic.remove(target)
            elif os.path.lexists(staged := project / STAGING / step["staged"]):
                atomic.rename(staged, target)
        journal.unlink()
        shutil.rmtree(project / STAGING, ignore_errors=True)
    except OSError as error:
        raise refused(project, error, UNFINISHED) from error
    return True


def set_aside(paths: Iterable[Path], top: Path, aside: Path) -> None:
    """Move what is below `top` to the same places below `aside`. Raises HostError."""
    try:
        for path in paths:
            target = aside / path.relative_to(top)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            atomic.rename(path, target)
    except OSError as error:
        raise refused(top, error, "the files that are left there do no harm") from error


def remove_if_empty(directory: Path) -> None:
    """Remove a project that has nothing but its lock."""
    for path in (directory / KEPT / "lock", directory / KEPT, directory):
        try:
            path.rmdir() if path.is_dir() else path.unlink()
        except OSError:
            return


def remove_directory(path: Path) -> None:
    """Remove a directory with everything in it, as far as that can be."""
    shutil.rmtree(path, ignore_errors=True)


def make_directory(
    path: Path, mode: int, owner: tuple[int, int] | None, below: Path | None = None
) -> None:
    """Make `path` and its missing parents; what exists is left as it is.

    Only `path` itself gets `mode`; missing parents get 0755. All of them get `owner`.
    """
    if path.is_dir():
        return
    if path not in {path.parent, below}:
        make_directory(path.parent, 0o755, owner, below)
    path.mkdir(mode=mode)
    path.chmod(mode)
    if owner is not None:
        os.chown(path, *owner)

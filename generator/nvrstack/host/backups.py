"""The files that were replaced, each kept under the moment of its replacement."""

from collections.abc import Iterator
from pathlib import Path

from nvrstack.errors import InputError
from nvrstack.tree import File

BACKUPS = ".nvrstack/backups"


def moments(project: Path) -> list[str]:
    """The moments at which something was replaced, the newest first."""
    # A command that was killed in between leaves its moment's folder without a file.
    kept = {path.name for path in (project / BACKUPS).glob("*") if any(_files(path))}
    return sorted(kept, reverse=True)


def replaced(project: Path, moment: str) -> dict[str, File]:
    """The files that were replaced at `moment`, by their paths in the project.

    Raises InputError when nothing was replaced then.
    """
    folder = project / BACKUPS / moment
    if moment not in moments(project):
        raise InputError(
            f"nothing was replaced at {moment!r}", "`nvrstack restore` lists what can be restored"
        )
    return {
        str(path.relative_to(folder)): File(path.read_bytes(), path.stat().st_mode & 0o777)
        for path in sorted(_files(folder))
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())

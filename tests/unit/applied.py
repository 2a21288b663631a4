"""A project that is updated: its files before and after."""

import stat
from pathlib import Path

from nvrstack.host.apply import KEPT, apply
from nvrstack.tree import SECRET, File
from tests.unit.commands import Listing, tree

OLD = {"a": File(b"old a"), "b": File(b"old b"), "keep/k": File(b"kept")}
NEW = {
    "a": File(b"new a", SECRET),
    "c/d/e": File(b"new e"),
    "secrets/s": File(b"the secret", SECRET),
}


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

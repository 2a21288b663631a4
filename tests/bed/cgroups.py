"""The control groups of the bed's containers, by which leftovers of a crash are found."""

from pathlib import Path

from tests.bed.paths import cache_dir, prefix
from tests.bed.process import wait_for

PARENT = f"{cache_dir().name}-{prefix()}"
"""The engine puts every container below a group of this name; two beds have two."""

ROOT = Path("/sys/fs/cgroup")


def groups(name: str = PARENT) -> list[Path]:
    """Return the bed's group in each hierarchy, of the old kind or of the unified one."""
    return [group for group in [ROOT / name, *ROOT.glob(f"*/{name}")] if group.is_dir()]


def processes(name: str = PARENT) -> set[int]:
    """Return all processes of the bed's containers."""
    found: set[int] = set()
    for group in groups(name):
        for file in group.rglob("cgroup.procs"):
            try:
                found |= {int(word) for word in file.read_text().split()}
            except OSError:
                continue
    return found


def remove(name: str = PARENT) -> None:
    """Remove the groups of a name, once no process is left in them."""
    wait_for(lambda: _removed(name), seconds=5)


def _removed(name: str) -> bool:
    for group in groups(name):
        below = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
        for folder in [*below, group]:
            try:
                folder.rmdir()
            except OSError:
                break
    return not groups(name)

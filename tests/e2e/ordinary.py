"""Running programs as somebody else than root, who may not look into root's home."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from nvrstack.projects.suggestions import STATE_DIR
from tests.bed import engine
from tests.bed.paths import TESTS


def as_user(uid: int, gid: int | None = None, *, groups: Sequence[int] = ()) -> list[str]:
    """Return what goes before a command so that it runs with these ids and no others.

    nvrstack and its Python may lie where only root can walk. For this command alone, such a
    directory is covered by one that holds nothing else, and anybody may walk through. So is
    the one that holds a Moonfire of this machine: the tests are of a host that has none.
    """
    lines = ["set -e"]
    needed = [path.resolve() for path in (Path(sys.prefix), Path(sys.base_prefix), TESTS.parent)]
    covers = dict.fromkeys(folder for path in needed if (folder := closed(path)))
    if STATE_DIR.exists():
        covers[STATE_DIR.parent] = None
    hidden = [path for path in dict.fromkeys(needed) if covers.keys() & {path, *path.parents}]
    if hidden:
        lines.append("mount -t tmpfs -o mode=755 stash /mnt")
    for number, path in enumerate(hidden):
        lines += [f"mkdir /mnt/{number}", f"mount --bind {shlex.quote(str(path))} /mnt/{number}"]
    for folder in covers:
        lines.append(f"mount -t tmpfs -o mode=755 open {shlex.quote(str(folder))}")
    for number, path in enumerate(hidden):
        target = shlex.quote(str(path))
        lines += [f"mkdir -p {target}", f"mount --bind /mnt/{number} {target}"]
    kept = ["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"]
    ids = ["setpriv", "--reuid", str(uid), "--regid", str(gid or uid), *kept]
    lines.append(f'exec {shlex.join(ids)} "$@"')
    private = ["unshare", "--mount", "--propagation", "private"]
    return [*private, "sh", "-c", "\n".join(lines), "sh"]


def closed(path: Path) -> Path | None:
    """Return the topmost directory on the way that others may not walk through."""
    ways = reversed([path, *path.parents])
    return next((way for way in ways if not way.stat().st_mode & 0o001), None)


def docker_group() -> int:
    """Return the group whose members may use the bed's engine."""
    return engine.socket().stat().st_gid

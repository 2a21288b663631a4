"""Projects as `init` leaves them, and what of them a later command could change."""

import os
import stat
from pathlib import Path

from tests.unit.commands import Listing, Outcome, nvrstack, tree
from tests.unit.samples import PASSWORD

NEEDED = {
    "router-ddns": ("site.domain=nvr.example.com",),
    "lan": ("site.domain=nvr.home.arpa",),
    "public": ("site.domain=nvr.example.com", "ddns.provider=noip", "ddns.login=me"),
}
OLD, NEW = "nvr.example.com", "cams.example.org"
"""The domain of most projects, and one to move to."""

OURS = ".nvrstack/"
NGINX = "nginx/nginx.conf"
Traces = dict[str, tuple[int, int, int, bytes]]
Entry = tuple[str, int, int, int, bytes | None]
"""Path, mode, owner's ids, and content, which a directory has not."""

MADE: dict[tuple[str, ...], list[Entry]] = {}
"""What `init` made so far: it takes as long as all of a test that begins with it."""


def taken(folder: Path) -> list[Entry]:
    """All of a directory, itself included."""
    found: list[Entry] = []
    for path in (folder, *sorted(folder.rglob("*"))):
        status = path.stat()
        content = path.read_bytes() if path.is_file() else None
        name = str(path.relative_to(folder))
        found.append((name, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, content))
    return found


def laid(entries: list[Entry], folder: Path) -> Path:
    """The same directory elsewhere."""
    for name, mode, uid, gid, content in entries:
        path = folder / name
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
        path.chmod(mode)
        os.chown(path, uid, gid)
    return folder


def made(folder: Path, *settings: str, stack: str = "router-ddns") -> Path:
    """A project as `init` leaves it, with `settings` beside those that its stack needs."""
    key = (folder.name, stack, *settings)
    if key in MADE:
        return laid(MADE[key], folder)
    usual = ("moonfire.state_dir=data/moonfire", "moonfire.timezone=UTC")
    words = [w for s in (*usual, *NEEDED[stack], *settings) for w in ("--set", s)]
    password = folder.parent / f"{folder.name}.password"
    password.write_text(f"{PASSWORD}\n")
    if stack == "public":
        words += ["--secret-file", f"ddns_password={password}"]
    done = nvrstack("init", folder, "--yes", "--stack", stack, *words)
    assert done.code == 0, done.stderr
    MADE[key] = taken(folder)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    """Do what a person with an editor does."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def render(folder: Path, *options: str) -> Outcome:
    """`nvrstack render` in that project, without a terminal."""
    return nvrstack("--project", folder, "render", *options)


def files(folder: Path) -> Listing:
    """Mode and content of every file that is not nvrstack's own memory."""
    return {
        path: (stat.S_IMODE(mode), data)
        for path, (mode, data) in tree(folder).items()
        if stat.S_ISREG(mode) and not path.startswith(OURS)
    }


def traces(folder: Path) -> Traces:
    """Inode, time of change, mode and content of every file but the lock."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
            path.stat().st_mode,
            path.read_bytes(),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def domain(folder: Path, *words: str) -> Outcome:
    """`nvrstack domain` in that project, without a terminal."""
    return nvrstack("--project", folder, "domain", *words, "--yes")

"""One Debian tree with the real programs: the images' base, and a chroot for contract tests.

No engine is needed for any of this.
"""

import datetime
import hashlib
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bed import packages
from tests.bed.debootstrap import debootstrap
from tests.bed.lock import lock
from tests.bed.paths import cache_dir, made
from tests.bed.process import PATH, Done, run

SUITE = "forky"
"""The Debian release whose nginx and certbot are nearest to the pinned images."""

CONTENT = (
    "bind9",
    "busybox-static",
    "ca-certificates",
    "certbot",
    "curl",
    "ddclient",
    "libio-socket-ssl-perl",
    "nginx",
    "pebble",
    "python3",
    "python3-certbot-dns-rfc2136",
    "tzdata",
)


def key() -> str:
    """Name the present tree: another suite, package or week makes another one."""
    week = datetime.datetime.now(tz=datetime.UTC).strftime("%Gw%V")
    packed = hashlib.sha256(" ".join(CONTENT).encode()).hexdigest()[:8]
    return f"{SUITE}-{packed}-{week}"


def tarball() -> Path:
    """Return the tree as an archive, made by mmdebstrap unless this week's is there."""
    archive = cache_dir() / "rootfs" / f"{key()}.tar"
    if not archive.exists():
        packages.ensure(packages.ROOTFS)
        with lock("rootfs", shared=True):
            if not archive.exists():
                _bootstrap(archive)
    return archive


def rootfs() -> Path:
    """Return the tree as a directory, unpacked once. Do not write there: see `chroot`."""
    archive = tarball()
    tree = archive.with_suffix("")
    if not tree.exists():
        with lock("rootfs", shared=True):
            if not tree.exists():
                partial = archive.parent / "partial"
                shutil.rmtree(partial, ignore_errors=True)
                made(partial)
                run(["tar", "--extract", "--file", archive, "--directory", partial], timeout=300)
                partial.rename(tree)
    return tree


def _bootstrap(archive: Path) -> None:
    """Make the archive, in place of those of earlier weeks."""
    partial = made(archive.parent) / "partial.tar"
    week = key().rpartition("-")[2]
    for old in archive.parent.iterdir():
        # A tree of this week with other packages may be in use by another checkout.
        if not old.name.removesuffix(".tar").endswith(week):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    debootstrap(partial, SUITE, "apt", CONTENT)
    partial.rename(archive)


def chroot_command(
    argv: Sequence[str],
    binds: Mapping[Path, str] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    cwd: str = "/",
    netns: str | None = None,
) -> list[str]:
    """Return the command line that runs a program of the tree, with host paths bound into it.

    The program sees a copy of the tree which it may write to and which vanishes with it: what is
    to be kept must be bound. A bound directory or file is created inside where it is missing. The
    process that the command starts becomes the program itself, so that a signal reaches it.
    """
    tree, scratch = rootfs(), made(cache_dir() / "rootfs-scratch")
    lines = [
        "set -e",
        f"mount -t tmpfs bed {shlex.quote(str(scratch))}",
        f"cd {shlex.quote(str(scratch))}",
        "mkdir upper work root",
        f"mount -t overlay -o lowerdir={tree},upperdir=upper,workdir=work bed root",
        "mount -t proc proc root/proc",
        "mount --rbind /dev root/dev",
        # The machine's own resolver is none of the tests' business.
        "echo nameserver 127.0.0.1 > root/etc/resolv.conf",
    ]
    for host, inside in (binds or {}).items():
        target = shlex.quote(f"root/{inside.lstrip('/')}")
        create = "mkdir -p" if host.is_dir() else f'mkdir -p "$(dirname {target})"; touch'
        lines.append(f"{create} {target}")
        lines.append(f"mount --bind {shlex.quote(str(host.resolve()))} {target}")
    settings = [f"{name}={value}" for name, value in {"PATH": PATH, **(env or {})}.items()]
    inner = ["env", "-i", *settings, "env", f"--chdir={cwd}", *argv]
    lines.append(f"exec chroot root {shlex.join(inner)}")
    enter = [] if netns is None else ["nsenter", f"--net=/run/netns/{netns}"]
    script = "\n".join(lines)
    return [*enter, "unshare", "--mount", "--propagation", "private", "sh", "-c", script]


def chroot(
    argv: Sequence[str],
    binds: Mapping[Path, str] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    cwd: str = "/",
    netns: str | None = None,
    timeout: float = 60,
    check: bool = True,
    input: str | None = None,  # noqa: A002 - the name that subprocess gives it
) -> Done:
    """Run a program of the tree to its end; see `chroot_command` for what it sees."""
    command = chroot_command(argv, binds, env=env, cwd=cwd, netns=netns)
    return run(command, timeout=timeout, check=check, input=input)

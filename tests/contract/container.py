"""A service as its container runs it: the mounts of `compose.yaml`, its user, no capability.

The program lives in a chroot of the bed's tree, in a network of its own. Its root is not read-only
as in the container, but nothing there belongs to its user.
"""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from tests.bed.paths import made
from tests.bed.process import PATH, Done, alive, end, run, wait_for
from tests.bed.rootfs import chroot_command
from tests.contract.rendered import Project
from tests.contract.space import inside

# What an engine does (nginx opens /dev/stdout by its name), then what the images have that Debian's
# packages have not, then the container's user.
PREPARE = """
chown "$1:$2" /proc/self/fd/1 /proc/self/fd/2
ln -sf /dev/stderr /var/log/nginx/error.log
rm -f /etc/letsencrypt/cli.ini
uid=$1 gid=$2
shift 2
exec setpriv --reuid="$uid" --regid="$gid" --clear-groups --no-new-privs --bounding-set=-all \
    --inh-caps=-all -- "$@"
"""


@dataclass(frozen=True)
class Container:
    """Where a program runs: host paths by their path inside, and a network namespace."""

    netns: str
    mounts: Mapping[str, Path]
    env: Mapping[str, str]
    user: tuple[str, str]
    argv: Sequence[str]
    """What the container starts."""

    def with_mount(self, inside: str, path: Path) -> "Container":
        """The same with one more file or directory bound into it."""
        return replace(self, mounts={**self.mounts, inside: path})

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command line that becomes the program, so that signals reach it."""
        binds = {path: target for target, path in self.mounts.items()}
        words = ["sh", "-c", PREPARE, "sh", *self.user, *argv]
        return [*inside(self.netns), *chroot_command(words, binds, env={"PATH": PATH, **self.env})]

    def run(self, argv: Sequence[str], *, timeout: float = 30) -> Done:
        """Run a program to its end; its failure is the caller's to judge."""
        return run(self.command(argv), timeout=timeout, check=False)

    @contextmanager
    def started(self, log: Path, argv: Sequence[str] | None = None) -> Iterator["Running"]:
        """Run what the container starts, or `argv`, and end it with the block."""
        with log.open("ab") as stream:
            process = subprocess.Popen(
                self.command(argv or self.argv),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        try:
            yield Running(process, log)
        finally:
            if process.poll() is None:
                end([process.pid], seconds=3)
            process.wait(timeout=5)
            # Its children are in its session, and nothing else is.
            end(session(process.pid), seconds=2)


@dataclass(frozen=True)
class Running:
    """A program that was started."""

    process: subprocess.Popen[bytes]
    log: Path

    def text(self) -> str:
        """Everything that it has printed."""
        return self.log.read_text(errors="replace")

    def says(self, words: str, *, seconds: float = 60, times: int = 1) -> bool:
        """Wait until it has printed these words so many times."""
        return wait_for(lambda: self.text().count(words) >= times, seconds=seconds)

    def ended(self, *, seconds: float) -> int | None:
        """Its exit code once it has ended, or None when it did not in time."""
        wait_for(lambda: self.process.poll() is not None, seconds=seconds, every=0.02)
        return self.process.poll()


def container(project: Project, name: str, netns: str, tmp: Path) -> Container:
    """The container that `compose.yaml` describes for a service; `tmp` becomes its /tmp."""
    service = yaml.safe_load(project.text("compose.yaml"))["services"][name]
    uid, gid = service["user"].split(":")
    mounts = {
        volume["target"]: project.directory / volume["source"] for volume in service["volumes"]
    }
    scratch = sorted(entry.partition(":")[0] for entry in service["tmpfs"])
    assert scratch[0] == "/tmp"
    for place in scratch:
        inside = tmp / place.removeprefix("/tmp").lstrip("/")
        made(inside).chmod(0o1777)
        mounts[place] = inside
    # The images' shell is busybox.
    argv = [*service["entrypoint"], *service["command"]]
    argv = ["busybox", "sh", *argv[1:]] if argv[0] == "/bin/sh" else argv
    env = {"HOME": "/", **service.get("environment", {})}
    return Container(netns, mounts, env, (uid, gid), argv)


def session(leader: int) -> list[int]:
    """The living processes of a session."""
    found = run(["ps", "-o", "pid=", "-s", str(leader)], check=False)
    return [pid for pid in map(int, found.stdout.split()) if alive(pid)]

"""A host with a real systemd, in namespaces of its own, on a disk that outlasts its boots."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bed import boot, cgroups, network
from tests.bed.boot import Disk
from tests.bed.host_tree import host_tree
from tests.bed.paths import TESTS, bed_dir, made
from tests.bed.process import BedError, Done, Word, kill, run, wait_for

BOOT_SECONDS = 90.0


def own_programs() -> tuple[Path, ...]:
    """The directories of these tests and of the Python that runs them, for a host to share."""
    needed = {TESTS.parent, Path(sys.prefix), Path(sys.base_prefix)}
    return tuple(sorted(path for path in needed if not path.is_relative_to("/usr")))


@dataclass
class BootedHost:
    """One host of this bed's, by its name; its control groups are below `group`.

    `netns` is the network namespace that it boots in; without, it has none but its own loopback.
    `shares` are directories of the machine's that it sees under the same paths. It ends with the
    thread that booted it.
    """

    name: str
    group: str = ""
    netns: str | None = None
    shares: tuple[Path, ...] = ()
    _runner: subprocess.Popen[bytes] | None = None
    _first: int | None = None

    def __post_init__(self) -> None:
        self.group = self.group or f"{cgroups.PARENT}-{self.name}"
        # What a run that was killed has left.
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def folder(self) -> Path:
        """Where its disk is, on one of the machine's: overlayfs writes to few others."""
        return bed_dir() / "hosts" / self.name

    @property
    def disk(self) -> Disk:
        """Its files, also while it is off."""
        return Disk(host_tree(), self.folder)

    @property
    def first_process(self) -> int:
        """The machine's number of its first process, which is systemd."""
        found = self._first_process()
        if found is None:
            message = f"the host {self.name} is off"
            raise BedError(message)
        return found

    @property
    def root(self) -> Path:
        """Its root directory as the test sees it while it is up; absolute links lead astray."""
        return Path(f"/proc/{self.first_process}/root")

    def boot(self) -> None:
        """Switch it on, and wait until systemd has started all that is to be started.

        A unit may have failed, as an old Moonfire does where the new one has the database.
        """
        for folder in (self.disk.changes, self.folder / "work", self.disk.root):
            made(folder)
        with (self.folder / "console.log").open("wb") as console:
            self._runner = subprocess.Popen(
                self._boot_command(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        told = ""

        def up() -> bool:
            nonlocal told
            if self.is_off or self._first_process() is None:
                return self.is_off
            asked = self.run(["systemctl", "is-system-running"], check=False).stdout.strip()
            told = asked if asked in {"running", "degraded"} else ""
            return bool(told)

        if not wait_for(up, seconds=BOOT_SECONDS, every=0.2) or not told:
            message = f"the host {self.name} does not boot:\n{self._reasons()}"
            raise BedError(message)

    def cut_power(self) -> None:
        """Switch it off without telling it. The disk stays as it is."""
        if self._runner is not None:
            first = self._first_process()
            # With the first process of a namespace all others in it end.
            kill([self._runner.pid if first is None else first])
            self._runner.wait(10)
            self._runner = self._first = None
        cgroups.remove(self.group)

    def remove(self) -> None:
        """Switch it off and throw its disk away."""
        self.cut_power()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, argv: Sequence[Word], cwd: Word = "/") -> list[Word]:
        """Return the command line that runs a program there."""
        spaces = ("mount", "pid", "uts", "ipc", "net", "cgroup")
        enter = ["nsenter", f"--target={self.first_process}", *(f"--{space}" for space in spaces)]
        return [*enter, f"--wdns={cwd}", *argv]

    def run(
        self,
        argv: Sequence[Word],
        *,
        cwd: Word = "/",
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
        check: bool = True,
        input: str | None = None,  # noqa: A002 - the name that subprocess gives it
    ) -> Done:
        """Run a program there, as its root, to the program's end."""
        own = {"PATH": boot.PATH, "HOME": "/root", "LANG": "C.UTF-8", **(env or {})}
        command = self.command(argv, cwd)
        return run(command, env=own, timeout=timeout, check=check, input=input)

    def systemctl(self, *words: str, timeout: float = 120, check: bool = True) -> str:
        """Use systemctl(1) there and return what it prints."""
        return self.run(["systemctl", *words], timeout=timeout, check=check).stdout

    @property
    def is_off(self) -> bool:
        """Whether its power was cut, by whomever."""
        return not self._runs

    @property
    def _runs(self) -> bool:
        return self._runner is not None and self._runner.poll() is None

    def _first_process(self) -> int | None:
        if self._runner is None or not self._runs:
            return None
        if self._first is None:
            # Asked once: proc(5) calls the list unreliable.
            children = Path(f"/proc/{self._runner.pid}/task/{self._runner.pid}/children")
            self._first = next(filter(_is_first, map(int, children.read_text().split())), None)
        return self._first

    def _boot_command(self) -> list[str]:
        kinds = boot.hierarchies(Path("/proc/self/cgroup").read_text())
        scratch = made(self.folder / "groups")
        spaces = ["--pid", "--mount", "--uts", "--ipc", "--cgroup"]
        spaces += ["--net"] if self.netns is None else []
        become = ["unshare", *spaces, "--fork", "--kill-child", "sh", "-c"]
        groups = boot.join_groups(kinds, self.group, scratch)
        outside = ["set -e", *groups, f'exec {" ".join(become)} "$1"']
        inside = ["set -e", *boot.boot_lines(self.disk, kinds, self.shares)]
        enter = [] if self.netns is None else ["nsenter", f"--net={network.NETNS / self.netns}"]
        alone = ["unshare", "--mount", "--propagation=private"]
        ends_with = ["setpriv", "--pdeathsig=KILL"]
        scripts = ["\n".join(outside), "sh", "\n".join(inside)]
        return [*ends_with, *enter, *alone, "sh", "-c", *scripts]

    def _reasons(self) -> str:
        console = (self.folder / "console.log").read_text(errors="replace")[-2000:]
        if not self._runs:
            return console
        failed = self.run(["systemctl", "--failed", "--no-legend"], check=False).stdout
        journal = self.run(["journalctl", "-b", "-p", "warning", "-n", "30", "-q"], check=False)
        return f"{failed}\n{journal.stdout}\n{console}"


def _is_first(pid: int) -> bool:
    """Say whether a process is the first one of a namespace, and no shell's that prepares it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    own = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return own.split()[-1] == "1"

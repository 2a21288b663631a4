"""Programs with a time limit, and bounded waits for what they do."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

Done = subprocess.CompletedProcess[str]
"""What a program that ended leaves: its return code, stdout and stderr."""

Word = str | os.PathLike[str]
"""One word of a command line."""


PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def stated() -> dict[str, str]:
    """Return an environment in which a program does not depend on who runs the tests, and where."""
    return {"PATH": PATH, "HOME": os.environ.get("HOME", "/root"), "LANG": "C.UTF-8"}


class BedError(RuntimeError):
    """Something that the test bed needs is missing or did not work; the text says what."""


def run(
    argv: Sequence[Word],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Word | None = None,
    timeout: float = 60,
    check: bool = True,
    input: str | None = None,  # noqa: A002 - the name that subprocess gives it
) -> Done:
    """Run a program to its end; with `check`, a failure is a BedError with its last output."""
    words = [os.fspath(word) for word in argv]
    shown = " ".join(words)
    try:
        done = subprocess.run(
            words,
            env=env,
            cwd=cwd,
            timeout=timeout,
            check=False,
            input=input or "",
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
    except FileNotFoundError as error:
        message = f"`{shown}` cannot be run: {error}"
        raise BedError(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"`{shown}` did not end within {timeout:g} s"
        raise BedError(message) from error
    if check and done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        message = f"`{shown}` ended with {done.returncode}:\n{tail}"
        raise BedError(message)
    return done


def wait_for(condition: Callable[[], bool], *, seconds: float, every: float = 0.1) -> bool:
    """Ask until the condition holds or the time is up; return whether it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def alive(pid: int) -> bool:
    """Say whether a process runs; one that ended and was not reaped yet does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def end(pids: Iterable[int], *, seconds: float) -> None:
    """Ask processes to end; kill those that have not done so in time."""
    mine = list(pids)
    if not _signalled(mine, signal.SIGTERM, seconds):
        kill(mine)


def kill(pids: Iterable[int]) -> None:
    """Kill processes without asking them."""
    mine = list(pids)
    if not _signalled(mine, signal.SIGKILL, 5.0):
        left = [pid for pid in mine if alive(pid)]
        message = f"processes {left} do not end, not even by SIGKILL"
        raise BedError(message)


def _signalled(pids: list[int], number: signal.Signals, seconds: float) -> bool:
    """Send a signal; return whether all have ended in time."""
    mine = [pid for pid in pids if pid > 1 and pid != os.getpid()]
    for pid in mine:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    return wait_for(lambda: not any(alive(pid) for pid in mine), seconds=seconds)


def heed_interrupts() -> None:
    """Undo what a shell does to its background jobs, for the tests may be part of one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)

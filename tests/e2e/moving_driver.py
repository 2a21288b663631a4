"""Runs a part of `nvrstack migrate`, and ends itself by SIGKILL where a test wants it.

    python -m tests.e2e.moving_driver [--kill STEP:WHERE [--power]] [--count FILE] WHAT PLACE

PLACE is the move's file or the project directory. With --power, the whole booted host ends with it.
WHERE is `after`; or `program`, which is while the step's first program is at work; or the number of
an act within the step: opening a file for writing, renaming, starting a program, speaking to the
engine. --count writes how many acts each step had, and how many seconds it took.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nvrstack.cli.console import Console
from nvrstack.cli.progress import Progress
from nvrstack.errors import NvrstackError
from nvrstack.migration.execution import journal, moving
from nvrstack.migration.execution.store import move_from

ACTS = {
    "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir",
    "os.symlink", "os.truncate", "os.utime", "socket.connect", "subprocess.Popen",
}  # fmt: skip
AT_WORK_SECONDS = float(os.environ.get("AT_WORK_SECONDS", "0.3"))
BOOTED_HERE = b"container=bed"
POWER_OFF = 0x4321FEDC
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Watch:
    """Counts the acts of each step, by Python's own audit events (PEP 578)."""

    kill: tuple[str, str] | None
    end: Callable[[], None]
    step: str = ""
    began: float = 0.0
    acts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
        if not self.step or not (event in ACTS or writes):
            return
        self.acts[self.step] += 1
        if self.kill == (self.step, str(self.acts[self.step])):
            self.end()
        if self.kill == (self.step, "program") and event == "subprocess.Popen":
            self.kill = None
            threading.Timer(AT_WORK_SECONDS, self.end).start()

    def written(self, event: str, step: str) -> None:
        if event in ("begin", "undo"):
            self.step, self.began = step, time.monotonic()
        elif event in ("done", "undone"):
            self.step = ""
            self.seconds[step] = time.monotonic() - self.began
            if self.kill == (step, "after"):
                self.end()


def kill() -> None:
    """End this very process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def cut_power() -> None:
    """End all of this booted host at once: see reboot(2) for namespaces of processes."""
    first = Path("/proc/1/environ").read_bytes().split(b"\0")
    if BOOTED_HERE not in first:
        sys.exit("this is no host of the test bed: the machine is not switched off")
    ctypes.CDLL(None).reboot(POWER_OFF)


def watched(watch: Watch) -> None:
    """Let the watch know what the journal says."""
    write = journal.Journal.write

    def written(
        self: journal.Journal, event: journal.Event, step: str = "", note: str = ""
    ) -> None:
        write(self, event, step, note)
        watch.written(event, step)

    journal.Journal.write = written  # type: ignore[method-assign]
    sys.addaudithook(watch.audit)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kill", default="")
    parser.add_argument("--power", action="store_true")
    parser.add_argument("--count", type=Path)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("what", choices=("run", "resume", "rollback", "status", "finish"))
    parser.add_argument("where", type=Path)
    given = parser.parse_args()
    step, _, where = given.kill.partition(":")
    watch = Watch((step, where) if step else None, cut_power if given.power else kill)
    watched(watch)
    console = Console(yes=True, json=given.json)
    follower = Progress(console)
    try:
        if given.what == "run":
            move = move_from(given.where.read_text(), str(given.where))
            told = moving.run(follower, move, keep=given.keep)
        elif given.what == "resume":
            told = moving.resume(follower, given.where, keep=given.keep)
        elif given.what == "status":
            told = moving.status(given.where)
        else:
            told = getattr(moving, given.what)(follower, given.where)
        console.result(told.data, told.words)
    except NvrstackError as error:
        return int(console.fail(error))
    finally:
        if given.count:
            given.count.write_text(json.dumps({"acts": watch.acts, "seconds": watch.seconds}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`make test`: all of the tests, in lanes beside each other; its last lines are what came of them.

    python -m tests.lanes [STAGE…]

Tests on an engine wait most of their time, so that the tests which only compute run beside them.
Each stage writes into a log of its own below `.lanes/`, shown when the stage has ended, and gets an
environment that is stated here: what happens to be set in a shell must not decide.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.bed.process import heed_interrupts, stated
from tests.e2e.engines import DIFFER
from tests.outcome import Outcome, outcome_of

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".lanes"
LIMIT_SECONDS = 50 * 60
"""No stage takes longer than this."""
END_SECONDS = 180
"""What a stage is given to take its bed down when its time is up."""
STILL_SECONDS = 60
"""How often it is told how far the stages are."""

MOVING = "tests/e2e/test_moving*.py"
ON_THE_OLDEST = {"NVRSTACK_BED_NAME": "oldest", "NVRSTACK_BED_ENGINE": "oldest"}


@dataclass(frozen=True)
class Stage:
    """One program, most often pytest."""

    name: str
    words: tuple[str, ...]
    """What pytest is given: paths, patterns of paths, options; or a command line of make."""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """All that it says."""
        return LOGS / f"{self.name}.log"

    @property
    def report(self) -> Path | None:
        """What pytest tells of it, as JUnit has it."""
        return None if self.words[0] == "make" else LOGS / f"{self.name}.xml"

    def command(self) -> list[str]:
        """Return the command line."""
        if self.report is None:
            return list(self.words)
        paths: list[str] = []
        for word in self.words:
            is_pattern = "*" in word and not word.startswith("-")
            paths += map(str, sorted(ROOT.glob(word))) if is_pattern else [word]
        options = ["--durations=40", "-p", "no:cacheprovider", "-o", "faulthandler_timeout=600"]
        return [sys.executable, "-m", "pytest", *options, f"--junitxml={self.report}", *paths]


LANES = (
    (Stage("moving", (MOVING,), {"NVRSTACK_BED_NAME": "moving"}),),
    (Stage("e2e", ("tests/e2e", f"--ignore-glob=*/{Path(MOVING).name}")),),
    (
        Stage("lint", ("make", "lint")),
        Stage("unit", ("tests/unit", "--numprocesses=2")),
        Stage("contract", ("tests/contract", "--numprocesses=2", "--dist=loadfile")),
        Stage("oldest", tuple(DIFFER), ON_THE_OLDEST),
    ),
)
"""Beside each other; the stages of a lane come one after the other."""


def environment() -> dict[str, str]:
    """What every stage has; how to reach package registries is this machine's own affair."""
    kept = re.compile(r"CI|NVRSTACK_\w+|PIP_\w+|(https?|no|all)_proxy", re.IGNORECASE)
    return {
        **{name: value for name, value in os.environ.items() if kept.fullmatch(name)},
        **stated(),
    }


@dataclass
class Run:
    """The stages that run now."""

    began: float = field(default_factory=time.monotonic)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    printing: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)

    def lane(self, stages: Sequence[Stage]) -> list[Outcome]:
        """Run stages one after the other; a failed one does not keep the next from running."""
        return [self.stage(stage) for stage in stages if not self.ended.is_set()]

    def stage(self, stage: Stage) -> Outcome:
        """Run one, and show what it has said."""
        began = time.monotonic()
        if stage.report is not None:
            stage.report.unlink(missing_ok=True)
        with stage.log.open("wb") as log:
            process = subprocess.Popen(
                stage.command(),
                cwd=ROOT,
                env={**environment(), **stage.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=heed_interrupts,  # noqa: PLW1509 - the run may be somebody's background job
            )
            self.processes[stage.name] = process
            late = None
            try:
                process.wait(LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                late = f"did not end within {LIMIT_SECONDS / 60:.0f} minutes"
                end(process)
            del self.processes[stage.name]
        seconds = time.monotonic() - began
        outcome = outcome_of(stage.name, stage.report, process.returncode, seconds, late)
        self.say(f"\n{stage.name:=^80}\n{stage.log.read_text(errors='replace')}\n{outcome.line}")
        return outcome

    def say(self, text: str) -> None:
        """Print, one at a time."""
        with self.printing:
            print(text, flush=True)

    def tell_how_far(self) -> None:
        """Say from time to time that the stages go on."""
        while not self.ended.wait(STILL_SECONDS):
            far = [f"{name} {percent(LOGS / f'{name}.log')}" for name in list(self.processes)]
            minutes, seconds = divmod(int(time.monotonic() - self.began), 60)
            self.say(f"[{minutes:02}:{seconds:02}] {', '.join(far)}")

    def stop(self) -> None:
        """End all of it."""
        self.ended.set()
        for process in list(self.processes.values()):
            end(process)


def percent(log: Path) -> str:
    """How far pytest says that it is."""
    found = re.findall(r"\[ *(\d+)%\]", log.read_text(errors="replace"))
    return f"{found[-1]} %" if found else "begins"


def end(process: subprocess.Popen[bytes]) -> None:
    """Let pytest clean up and tell what it has; then nothing of it may be left."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def main() -> int:
    """Run the lanes, and return 1 unless all is well."""
    names = [stage.name for lane in LANES for stage in lane]
    parser = argparse.ArgumentParser(prog="python -m tests.lanes", description="All tests.")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {', '.join(names)}")
    wanted = parser.parse_args().stages or names
    if unknown := sorted({*wanted} - {*names}):
        parser.error(f"there is no stage {unknown[0]!r}: there are {', '.join(names)}")

    def interrupted(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)
    LOGS.mkdir(exist_ok=True)
    run = Run()
    lanes = [[stage for stage in lane if stage.name in wanted] for lane in LANES]
    threading.Thread(target=run.tell_how_far, daemon=True).start()
    with ThreadPoolExecutor(len(lanes)) as pool:
        running = [pool.submit(run.lane, lane) for lane in lanes]
        try:
            outcomes = [outcome for lane in running for outcome in lane.result()]
        except KeyboardInterrupt:
            run.stop()
            return 130
    run.ended.set()
    total = Outcome.of_all(outcomes, time.monotonic() - run.began)
    print(f"\n{' all lanes ':=^80}")
    for failed in total.failed:
        print(f"FAILED {failed}")
    for outcome in (*outcomes, total):
        print(outcome.line)
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

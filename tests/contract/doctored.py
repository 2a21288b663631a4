"""`nvrstack doctor` as a person would run it, on a host whose files the test chooses."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bed import compose
from tests.bed.process import Done, run

NVRSTACK = Path(sys.executable).parent / "nvrstack"
Verdicts = dict[str, dict[str, str]]


@dataclass
class Host:
    """A network namespace, and a folder whose files lie over those of the machine.

    `prepare` are shell lines that run first, in mounts of their own: a mount vanishes with the run.
    `engine` is where Docker is looked for.
    """

    netns: str
    project: Path
    files: Path
    prepare: list[str] = field(default_factory=list)
    engine: str = "unix:///nowhere.sock"

    def write(self, path: str, text: str) -> None:
        """Let the host have a file, in /etc or /run."""
        target = self.files / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def nvrstack(self, *words: str) -> Done:
        """Run nvrstack there, on the project, to its end."""
        return self._run("--project", str(self.project), *words)

    def _run(self, *words: str) -> Done:
        lines = ["set -e"]
        for top in ("etc", "run"):
            (self.files / top).mkdir(parents=True, exist_ok=True)
            over = shlex.quote(f"lowerdir={self.files / top}:/{top}")
            lines.append(f"mount -t overlay -o {over} overlay /{top}")
        command = shlex.join([str(NVRSTACK), *words])
        script = "\n".join([*lines, *self.prepare, f"exec {command}"])
        environment = {
            **compose.environment(self.engine),
            # Its Compose is not this host's.
            "DOCKER_CONFIG": "/nonexistent",
            "COLUMNS": "300",
        }
        # `ip netns exec` gives mounts of its own too, and the namespace's /sys.
        words = ("ip", "netns", "exec", self.netns, "sh", "-c", script)
        return run(words, env=environment, cwd=self.files, timeout=60, check=False)

    def doctor(self, *words: str) -> Verdicts:
        """The verdicts, each by what it is about."""
        return _verdicts(self.nvrstack("doctor", "--json", *words))

    def doctor_before_init(self) -> Verdicts:
        """The verdicts where there is no project."""
        return _verdicts(self._run("doctor", "--json"))


def _verdicts(done: Done) -> Verdicts:
    """What was told, with an exit code that fits."""
    assert "Traceback" not in done.stderr, done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    assert "verdicts" in data, data
    assert done.returncode == int(
        any(verdict["level"] == "problem" for verdict in data["verdicts"])
    )
    return {verdict["about"]: verdict for verdict in data["verdicts"]}


def changed(before: Verdicts, after: Verdicts) -> Mapping[str, str]:
    """The new levels of the verdicts whose level is another one now."""
    assert sorted(before) == sorted(after)
    return {about: v["level"] for about, v in after.items() if v["level"] != before[about]["level"]}


def levels(verdicts: Verdicts, about: Sequence[str]) -> dict[str, str]:
    """The levels of some verdicts."""
    return {name: verdicts[name]["level"] for name in about}

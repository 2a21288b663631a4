"""What a command speaks through: streams, terminal, environment and the global options.

One value, made at the start, so that a test can stand in for all of it.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import typer

from nvrstack.errors import ExitCode, InputError, NvrstackError
from nvrstack.settings import SETTINGS

EPILOG = "Everywhere: --project DIR, --yes, --quiet, --verbose, --no-color, --json."


@dataclass
class Console:
    """Streams and global options of one run."""

    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    project: Path | None = None
    yes: bool = False
    quiet: bool = False
    verbose: bool = False
    color: bool = True
    json: bool = False

    @property
    def interactive(self) -> bool:
        """Whether a person is there to be asked."""
        return self.stdin.isatty() and self.stderr.isatty() and not self.yes and not self.json

    @property
    def colored(self) -> bool:
        """Whether stdout may be coloured (https://no-color.org)."""
        return self.color and self.stdout.isatty() and not self.environ.get("NO_COLOR")

    @property
    def cwd(self) -> Path:
        """The current directory. Raises InputError when it was deleted meanwhile."""
        try:
            return Path.cwd()
        except FileNotFoundError as error:
            raise InputError(
                "the current directory does not exist any more", "cd somewhere else"
            ) from error

    def agrees(self, question: str) -> bool:
        """Whether a person says yes to a change; --yes says it for them.

        Raises InputError when nobody is there to be asked.
        """
        if self.yes:
            return True
        if not self.interactive:
            raise InputError(
                "nobody is here to be asked; nothing was changed", "add --yes to apply"
            )
        return typer.confirm(question, err=True)

    def say(self, text: str) -> None:
        """Tell a person something that is not the result: on stderr, unless --quiet."""
        if not self.quiet:
            print(text, file=self.stderr, flush=True)

    def detail(self, text: str) -> None:
        """Tell a person who asked for --verbose what was done."""
        if self.verbose and text.strip():
            print(text.rstrip(), file=self.stderr, flush=True)

    def result(self, data: Mapping[str, Any], text: str) -> None:
        """Give the result: `data` as one JSON object with --json, else `text`."""
        if self.json:
            print(json.dumps({"schema": 1, **data}, indent=2), file=self.stdout, flush=True)
        elif text:
            print(text, file=self.stdout, flush=True)

    def fail(self, error: NvrstackError) -> ExitCode:
        """Report an error and give its exit code; on stderr where stdout takes no JSON object."""
        if self.json:
            data = {"error": error.message, "hint": error.hint, "code": int(error.code)}
            try:
                self.result(data, "")
            except OSError:
                self._explain(error)
        else:
            self._explain(error)
        return error.code

    def _explain(self, error: NvrstackError) -> None:
        print(f"error: {error.message}", file=self.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=self.stderr)

    def find_project(self) -> Path:
        """The project directory: --project, else the nearest one upwards that has settings.

        Raises InputError when there is none.
        """
        if (found := self.look_for_project()) is not None:
            return found
        raise InputError(
            f"no {SETTINGS} here or in a directory above",
            "go to the project directory, or name it with --project DIR",
        )

    def look_for_project(self) -> Path | None:
        """The same, and None when there is none. Raises InputError when --project names none."""
        if self.project is not None:
            if not (self.project / SETTINGS).is_file():
                raise InputError(
                    f"{self.project}: is no nvrstack project, for it has no {SETTINGS}",
                    "make one with `nvrstack init`",
                )
            return self.project.resolve()
        for folder in (self.cwd, *self.cwd.parents):
            if (folder / SETTINGS).is_file():
                return folder
        return None

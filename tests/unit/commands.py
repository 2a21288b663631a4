"""The real command line in this process, and what it left on the disk."""

import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvrstack.cli.app import run
from nvrstack.cli.console import Console

Listing = dict[str, tuple[int, bytes]]


@dataclass(frozen=True)
class Outcome:
    """One run: its exit code and what it printed."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> dict[str, Any]:
        """The one JSON object that stdout holds."""
        data: dict[str, Any] = json.loads(self.stdout)
        return data


def nvrstack(
    *arguments: str | Path, environ: Mapping[str, str] | None = None, stdin: str = ""
) -> Outcome:
    """Run a command line without a terminal."""
    out, err = io.StringIO(), io.StringIO()
    console = Console(io.StringIO(stdin), out, err, environ or {})
    code = run([os.fspath(a) for a in arguments], console)
    return Outcome(code, out.getvalue(), err.getvalue())


def tree(directory: Path) -> Listing:
    """Everything below a directory: mode and content by path."""
    return {
        str(path.relative_to(directory)): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(directory.rglob("*"))
    }

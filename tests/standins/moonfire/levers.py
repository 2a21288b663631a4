"""What only the stand-in can be told: how it is to behave where the real server leaves no choice.

Each lever is a variable of the environment, STANDIN_ and its name in capitals, or a key of the JSON
file `standin.json` beside the database's directory, which no way of starting can lose.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

FILE = "standin.json"
DEFAULTS: dict[str, str | float] = {
    "version": "v0.7.30",
    # Seconds that a start, a stop and an upgrade take besides.
    "start_seconds": 0,
    "stop_seconds": 0,
    "upgrade_seconds": 0,
    # Seconds of a recording; the first of a run has up to twice as many.
    "recording_seconds": 60,
    # What becomes of what is being recorded at SIGTERM: `lost`, `kept`, or by chance: `race`.
    "stop": "lost",
    # The cost of a password's hash: log2 of scrypt's N.
    "scrypt_ln": 17,
}
_from_file: dict[str, str | float] = {}


def read(db_dir: Path) -> None:
    """Read the file that belongs to a database, if there is one."""
    path = db_dir.parent / FILE
    _from_file.clear()
    if path.exists():
        _from_file.update(json.loads(path.read_text(encoding="utf-8")))
    unknown = _from_file.keys() - DEFAULTS.keys()
    if unknown:
        message = f"{path}: unknown levers: {', '.join(sorted(unknown))}"
        raise SystemExit(message)


def lever(name: str) -> str:
    """How a lever stands, as text."""
    default = _from_file.get(name, DEFAULTS[name])
    return os.environ.get(f"STANDIN_{name.upper()}") or str(default)


def seconds(name: str) -> float:
    """A lever of seconds."""
    return max(0.0, float(lever(name)))

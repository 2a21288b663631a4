"""What the program says of itself: its version, its log and its errors."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.standins.moonfire.levers import lever

STANDIN_NAME = "Moonfire NVR stand-in for nvrstack's tests"
DEFAULT_DB_DIR = Path("/var/lib/moonfire-nvr/db")


class MoonfireError(Exception):
    """An error with the kind and text of the real server: logged, or sent as an HTTP answer."""

    def __init__(self, kind: str, message: str = "") -> None:
        self.kind = kind
        super().__init__(f"{kind}: {message}" if message else kind)


def os_error(message: str, cause: OSError) -> MoonfireError:
    """Wrap an error of the system as the real server logs it: its own text, then the cause."""
    kinds = {"PermissionError": "PERMISSION_DENIED", "FileNotFoundError": "NOT_FOUND"}
    kind = kinds.get(type(cause).__name__, "UNKNOWN")
    return MoonfireError(kind, f"{message}\ncaused by: {cause}")


def version() -> tuple[int, int, int]:
    """Return the version that is played; a few documented behaviours depend on it."""
    text = lever("version")
    match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)", text)
    if match is None:
        sys.exit(f"the lever version={text!r} is not a version like v0.7.30")
    return int(match[1]), int(match[2]), int(match[3])


def version_line() -> str:
    """Return the `--version` line: bpaf's form from v0.7.6 on, structopt's before."""
    number = ".".join(map(str, version()))
    return f"Version: v{number}\n" if version() >= (0, 7, 6) else f"moonfire-nvr {number}"


COLOURS = {"ERROR": 31, "WARN": 33, "INFO": 32}


def log(level: str, message: str, span: str = "") -> None:
    """Write one event to stderr, in the form chosen by MOONFIRE_FORMAT (json, systemd, text).

    The text has colours even where stderr is no terminal; NO_COLOR takes them away.
    """
    style = os.environ.get("MOONFIRE_FORMAT", "")
    thread = threading.current_thread().name
    if style == "json":
        event: dict[str, Any] = {"timestamp": time.time(), "level": level}
        line = json.dumps({**event, "fields": {"message": message}, "threadName": thread})
    elif style == "systemd":
        priority = {"ERROR": 3, "WARN": 4, "INFO": 5}[level]
        line = f"<{priority}>{thread} {span and f'{span}: '}standin: {message}"
    else:
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(now))
        line = (
            f"{_painted(2, f'{stamp}.{int(now % 1 * 1e6):06d}')} "
            f"{_painted(COLOURS[level], f'{level:>5}')} {thread} "
            f"{_painted(1, span) + ': ' if span else ''}{_painted(2, 'standin')}"
            f"{_painted(2, ':')} {message}"
        )
    # One write per event, so that threads do not mix their lines.
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _painted(code: int, text: str) -> str:
    return text if os.environ.get("NO_COLOR") else f"\x1b[{code}m{text}\x1b[0m"

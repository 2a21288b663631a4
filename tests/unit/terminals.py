"""nvrstack on a terminal of its own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect

from tests.bed.process import heed_interrupts

WAIT_SECONDS = 15


@contextmanager
def terminal(where: Path, *arguments: str) -> Iterator["pexpect.spawn[str]"]:
    """The command in a terminal of 80 columns; its output is collected below `where`."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(where),
        "TERM": "xterm-256color",
        "DOCKER_HOST": "tcp://127.0.0.1:9",
        "LANG": "C.UTF-8",
    }
    child = pexpect.spawn(
        sys.executable,
        ["-m", "nvrstack", *arguments],
        cwd=str(where),
        env=environment,
        encoding="utf-8",
        timeout=WAIT_SECONDS,
        preexec_fn=heed_interrupts,
    )
    with (where / "log").open("w") as log:
        child.logfile_read = log
        try:
            yield child
        finally:
            child.close(force=True)

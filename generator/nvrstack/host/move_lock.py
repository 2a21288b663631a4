"""One move at a time in a project, and none while a killed one's programs are still at work."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from nvrstack.errors import HostError
from nvrstack.tree import SECRET

LOCK = "lock"
PROGRAMS = "programs"
WAIT_SECONDS = 120


@contextlib.contextmanager
def alone(directory: Path) -> Iterator[int]:
    """Keep every other move out of `directory`, which exists.

    Yields a descriptor to lend to programs: while one of them has it, the next move waits. Raises
    HostError when another one is at work.
    """
    try:
        with FileLock(directory / LOCK, timeout=0, mode=SECRET):
            descriptor = os.open(directory / PROGRAMS, os.O_RDWR | os.O_CREAT, SECRET)
            try:
                _wait(descriptor, directory)
                yield descriptor
            finally:
                os.close(descriptor)
    except Timeout as error:
        raise HostError(
            f"{directory}: another nvrstack is moving there", "wait until it has finished"
        ) from error


def is_busy(directory: Path) -> bool:
    """Whether a move is at work in `directory`."""
    if not (directory / LOCK).exists():
        return False
    try:
        with FileLock(directory / LOCK, timeout=0, mode=SECRET):
            return False
    except Timeout:
        return True


def _wait(descriptor: int, directory: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise HostError(
                    f"{directory}: a program that an interrupted move started is still at work",
                    "wait until it has ended; `docker compose ps` shows how far it is",
                ) from error
            time.sleep(0.2)
        else:
            return

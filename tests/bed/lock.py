"""One at a time: two test runs must not build or tear down the same bed together."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bed.paths import made, prefix
from tests.bed.process import BedError, wait_for

LOCKS = Path("/run/lock")
"""Not in the bed's directory: namespaces have one name on a machine, wherever that is."""


@contextmanager
def lock(what: str, *, shared: bool = False, seconds: float = 900) -> Iterator[None]:
    """Hold one of the bed's locks; wait for another holder, but not for ever.

    A shared one guards what all beds of this machine have in common.
    """
    path = made(LOCKS) / f"nvrstack-{what}-{'all' if shared else prefix()}.lock"
    with path.open("w") as file:

        def taken() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        if not wait_for(taken, seconds=seconds):
            message = f"another run has held {path} for {seconds:g} s"
            raise BedError(message)
        yield

"""Bounded waits that say what was waited for."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

BUSY = 4
"""How many times longer anything may take where the processors have other work as well."""


def wait_until(
    what: str, condition: Callable[[], Found | None], *, seconds: float, every: float = 0.25
) -> Found:
    """Ask until the condition gives something true, and return that.

    `seconds` are what a quiet machine needs at most.
    """
    seconds *= BUSY
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}; last: {found!r}"
        time.sleep(every)


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

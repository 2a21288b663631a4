"""What a check comes to."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Level(StrEnum):
    """How much a verdict matters."""

    FINE = "fine"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"
    """It could not be told."""


@dataclass(frozen=True)
class Verdict:
    """One finding: what it is about, how it stands, and what to do about it."""

    about: str
    level: Level
    text: str
    remedy: str = ""


def in_words(length: timedelta) -> str:
    """A length of time as people say it: the largest unit of which there are two, or one minute."""
    seconds = max(length.total_seconds(), 0)
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return "a minute" if seconds >= 60 else "less than a minute"

"""A word of a command line that was read without running anything."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unknown:
    """A word that only running the script could tell: its text there, and its line."""

    text: str
    line: int


Word = str | Unknown
"""A word whose value is known, or one that is not, not even in part."""

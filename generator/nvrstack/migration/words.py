"""Words of a command line, as far as they are known without running anything."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unknown:
    """A word that only running its script would tell, as it is written on that line."""

    text: str
    line: int


Word = str | Unknown

"""What to know of Moonfire's releases when choosing one: from its change log and issue tracker."""

import re
from dataclasses import dataclass

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Note:
    """Something that concerns whoever comes from `first` to `last`, both included."""

    first: Version
    last: Version
    text: str
    source: str


NOTES = (
    Note(
        (0, 7, 10),
        (0, 7, 17),
        "a time zone that could not be loaded was silently taken as UTC; later ones do not start",
        "https://github.com/scottlamb/moonfire-nvr/issues/347",
    ),
    Note(
        (0, 7, 10),
        (0, 7, 25),
        "the image has no /var/tmp, without which recordings are not written down",
        "https://github.com/scottlamb/moonfire-nvr/blob/master/CHANGELOG.md",
    ),
    Note(
        (0, 7, 26),
        (0, 7, 26),
        "it kept a processor busy while it stopped",
        "https://github.com/scottlamb/moonfire-nvr/blob/master/CHANGELOG.md",
    ),
    Note(
        (0, 7, 26),
        (0, 7, 28),
        "deleted recordings stayed in the database, so that it started ever more slowly",
        "https://github.com/scottlamb/moonfire-nvr/blob/master/CHANGELOG.md",
    ),
    Note(
        (0, 7, 26),
        (0, 7, 29),
        "the times of recordings drifted by seconds an hour",
        "https://github.com/scottlamb/moonfire-nvr/issues/350",
    ),
)


def is_newer(reference: str, than: str) -> bool:
    """Whether one image reference or tag names a higher version than another.

    False where either has no version of three numbers in it.
    """
    # A registry's own name may have numbers in it too.
    tags = (text.rpartition("/")[2] for text in (reference, than))
    first, second = (re.search(r"(\d+)\.(\d+)\.(\d+)", tag) for tag in tags)
    if first is None or second is None:
        return False
    return tuple(map(int, first.groups())) > tuple(map(int, second.groups()))


def notes_for(version: str) -> tuple[Note, ...]:
    """What is wrong with one release of Moonfire, given as its tag (`v0.7.30`)."""
    digits = version.removeprefix("v").partition("@")[0].split(".")
    number = (int(digits[0]), int(digits[1]), int(digits[2]))
    return tuple(note for note in NOTES if note.first <= number <= note.last)

"""`[`, `[[` and test, as far as they ask about text and numbers: True, False, or None."""

import fnmatch
import re
from collections.abc import Sequence

from nvrstack.migration.install import TextOf
from nvrstack.migration.words import Unknown, Word

NUMBERS = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
}
EQUAL = frozenset({"=", "=="})


def is_file(words: Sequence[Word], text_of: TextOf) -> bool | None:
    """True where it is asked for a file that can be read, and None for everything else."""
    if len(words) != 2 or words[0] not in {"-e", "-f", "-r", "-s"}:
        return None
    return True if isinstance(words[1], str) and text_of(words[1]) else None


def verdict(words: Sequence[Word], pattern: str | None = None) -> bool | None:
    """What test(1) says of the words, None where they or the question are not known.

    `pattern` is the right side of `[[ x == pattern ]]`, as fnmatch() takes it.
    """
    if any(isinstance(word, Unknown) for word in words):
        return None
    known = [str(word) for word in words]
    if known[:1] == ["!"] and 2 <= len(known) <= 4:
        inner = verdict(known[1:], pattern)
        return None if inner is None else not inner
    match known:
        case [] | [""] | ["-n", ""]:
            return False
        case ["-z", text]:
            return text == ""
        case [left, operator, right]:
            return _compared(left, operator, right, pattern)
    return True if len(known) == 1 or known[0] == "-n" else None


def _compared(left: str, operator: str, right: str, pattern: str | None) -> bool | None:
    if operator in EQUAL or operator == "!=":
        equal = left == right if pattern is None else bool(matches(left, pattern))
        return equal == (operator in EQUAL)
    numbers = (left, right)
    if operator in NUMBERS and all(re.fullmatch(r"-?[0-9]{1,15}", number) for number in numbers):
        return bool(NUMBERS[operator](int(left), int(right)))
    return None


def matches(text: str, pattern: str) -> bool:
    """Whether a shell pattern fits the whole text."""
    return re.match(fnmatch.translate(pattern), text) is not None

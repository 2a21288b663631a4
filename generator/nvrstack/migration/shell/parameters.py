"""`${name:-word}` and its kin (bash(1), Parameter Expansion)."""

import fnmatch
import re
from collections.abc import Callable

from nvrstack.migration.shell.state import Value
from nvrstack.migration.words import Unknown, Word

DEFAULTS = (":-", "-", ":=", "=", ":?", "?")
"""What takes the word's place where the parameter is not set, or empty with a colon."""
TRIMS = ("#", "##", "%", "%%")


def operated(
    found: Value | None, operator: str, rest: Callable[[], Word], unknown: Unknown
) -> Value:
    """The value after the operator; `found` is None where the parameter is not set.

    `rest` gives the word behind the operator, `unknown` is what text does not tell.
    """
    if isinstance(found, Unknown):
        return unknown
    absent = found is None or (operator.startswith(":") and found in ("", ()))
    if operator in DEFAULTS:
        return rest() if absent or found is None else found
    if operator in {":+", "+"}:
        return "" if absent else rest()
    if operator in TRIMS and (found is None or isinstance(found, str)):
        pattern = rest()
        if isinstance(pattern, Unknown):
            return unknown
        return _trimmed(found or "", operator, pattern)
    return unknown


def _trimmed(text: str, operator: str, pattern: str) -> str:
    """Without the shortest or longest head or tail that fits the pattern."""
    fits = re.compile(fnmatch.translate(pattern)).match
    lengths = list(range(len(text) + 1))
    if len(operator) == 2:
        lengths.reverse()
    for length in lengths[:4096]:
        if operator[0] == "#" and fits(text[:length]):
            return text[length:]
        if operator[0] == "%" and fits(text[len(text) - length :]):
            return text[: len(text) - length]
    return text

"""`$((a + 1))`: sums and differences of two whole numbers, and nothing beyond."""

import re

from nvrstack.migration.shell.scope import Scope

SUM = re.compile(r"\$\(\(\s*\$?(\w+)\s*([-+])\s*\$?(\w+)\s*\)\)", re.ASCII)
WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")


def sum_of(text: str, scope: Scope) -> str | None:
    """What an arithmetic expansion comes to; None where that is not known here."""
    found = SUM.fullmatch(text)
    if found is None:
        return None
    left, right = (_number(word, scope) for word in found.group(1, 3))
    if left is None or right is None:
        return None
    return str(left + right if found[2] == "+" else left - right)


def _number(word: str, scope: Scope) -> int | None:
    value = word if word.isdecimal() else scope.variables.get(word)
    return int(value) if isinstance(value, str) and WHOLE.fullmatch(value) else None

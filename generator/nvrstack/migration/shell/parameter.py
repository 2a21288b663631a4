"""Parameters and `${…}`, see bash(1), PARAMETERS and Parameter Expansion."""

import fnmatch
import re
from dataclasses import dataclass
from typing import Protocol

from nvrstack.migration.shell import rules
from nvrstack.migration.shell.lexer import Parameter
from nvrstack.migration.shell.scope import FROM_ENVIRONMENT, Scope, Session, Value
from nvrstack.migration.words import Unknown, Word

LONGEST_TRIMMED = 4096
RANGE = re.compile(r" *([0-9]+)(?: *: *([0-9]+))? *")


@dataclass(frozen=True)
class Expansion:
    """What stands in a parameter's place.

    `is_list` where each item is a word of its own even in quotes, as with `"$@"`; `is_split` where
    the items were split already.
    """

    items: tuple[Word, ...]
    is_list: bool = False
    is_split: bool = False


class Inner(Protocol):
    """Expands an operand: to one value in quotes, to fields elsewhere."""

    def __call__(self, text: str, *, quoted: bool) -> Word | tuple[Word, ...]:
        """The operand's value."""


@dataclass(frozen=True)
class Within:
    """Where a parameter stands, and what expands its operand."""

    scope: Scope
    session: Session
    line: int
    inner: Inner


def parameter(part: Parameter, within: Within) -> Expansion:
    """The expansion of one parameter. An operand is expanded only where bash would."""
    here = Unknown(_written(part), within.line)
    own = within.session.place if _is_script(part, within.scope) else None
    found = own or _value(part, within, here)
    if isinstance(found, Unknown):
        return Expansion((found,))
    if part.length:
        return _length(part, found, here)
    operator = part.operator
    if operator.lstrip(":") and operator.lstrip(":") in "-+=?":
        return _default(part, found, within, here)
    if found is None:
        if not operator and not part.name.isdecimal() and not _is_list(part):
            within.session.note(rules.VARIABLE_UNSET(within.line, variable=_written(part)))
        none = _is_list(part) and not (part.quoted and part.subscript == "*")
        return Expansion((), is_list=True) if none else Expansion(("",))
    if not operator:
        return _plain(part, found, here)
    return _changed(part, found, within, here)


def _value(part: Parameter, within: Within, here: Unknown) -> Value | None:  # noqa: PLR0911 - one rule of bash each
    """The value, None for what is not set, the place itself where it cannot be known."""
    scope, name = within.scope, part.name
    if name in {"@", "*"}:
        return scope.arguments
    if name.isdecimal() and name != "0":
        index = int(name) - 1 if len(name) < 4 else 1000
        if any(isinstance(word, Unknown) for word in scope.arguments[: index + 1]):
            return here
        return scope.arguments[index] if index < len(scope.arguments) else None
    if name == "#":
        known = not any(isinstance(word, Unknown) for word in scope.arguments)
        return str(len(scope.arguments)) if known else here
    if not re.match(r"[A-Za-z_]", name) or name == "_":
        return here
    value = scope.variables.get(name)
    if value is None and name in {"UID", "EUID"}:
        return "0"
    if value is None and scope.clouded is not None:
        return scope.clouded
    if value is None and name in FROM_ENVIRONMENT:
        return here
    if part.subscript in {"@", "*"}:
        return value if isinstance(value, tuple) or value is None else (value,)
    return _element(part.subscript or "0", value, here)


def _is_script(part: Parameter, scope: Scope) -> bool:
    """Whether a parameter is the script's own name, as bash has it from a search in PATH."""
    is_source = part.name == "BASH_SOURCE" and part.subscript in {None, "0"}
    return part.name == "0" or (is_source and part.name not in scope.variables)


def _element(subscript: str, value: Value | None, here: Unknown) -> Value | None:
    if not re.fullmatch(r"[0-9]{1,4}", subscript):
        return here
    items = value if isinstance(value, tuple) else () if value is None else (value,)
    index = int(subscript)
    # What is not known may stand for several, or for none.
    unknown = next((item for item in items[: index + 1] if isinstance(item, Unknown)), None)
    return unknown or (items[index] if index < len(items) else None)


def _is_list(part: Parameter) -> bool:
    return part.name in {"@", "*"} or part.subscript in {"@", "*"}


def _plain(part: Parameter, found: Value, here: Unknown) -> Expansion:
    if not isinstance(found, tuple):
        return Expansion((found,))
    if part.quoted and "*" in {part.name, part.subscript}:
        unknown = [item for item in found if isinstance(item, Unknown)]
        return Expansion((unknown[0] if unknown else " ".join(map(str, found)),))
    return Expansion(found, is_list=True)


def _length(part: Parameter, found: Value | None, here: Unknown) -> Expansion:
    if isinstance(found, tuple) and any(isinstance(item, Unknown) for item in found):
        return Expansion((here,))
    length = 0 if found is None or isinstance(found, Unknown) else len(found)
    return Expansion((str(length),))


def _default(part: Parameter, found: Value | None, within: Within, here: Unknown) -> Expansion:
    """`${x:-operand}` and its kin."""
    symbol = part.operator[-1]
    lacks = found is None or found == ()
    if part.operator[0] == ":" and not lacks:
        lacks = not any(found) if isinstance(found, tuple) else found == ""
    if symbol != "+" and not lacks and found is not None:
        return _plain(part, found, here)
    if symbol == "+" and lacks:
        return Expansion(() if _is_list(part) else ("",), is_list=_is_list(part))
    if symbol == "?":
        return Expansion((here,))
    operand = within.inner(part.operand, quoted=part.quoted or symbol == "=")
    if isinstance(operand, tuple):
        return Expansion(operand, is_split=True, is_list=True)
    if symbol == "=":
        if _is_list(part) or part.subscript is not None:
            return Expansion((here,))
        within.scope.variables[part.name] = operand
    return Expansion((operand,))


def _changed(part: Parameter, found: Value, within: Within, here: Unknown) -> Expansion:
    """Trimmed by a pattern, or cut out by numbers."""
    if part.operator == ":":
        return _cut_out(part, found, here)
    pattern = within.inner(part.operand, quoted=True)
    plain = isinstance(pattern, str) and not re.search(r"[][\\'\"]", part.operand)
    if not plain or not isinstance(found, str) or len(found) > LONGEST_TRIMMED:
        return Expansion((here,))
    matches = re.compile(fnmatch.translate(str(pattern))).match
    lengths = range(len(found) + 1)
    if len(part.operator) == 2:
        lengths = lengths[::-1]
    if part.operator[0] == "#":
        return Expansion((next((found[n:] for n in lengths if matches(found[:n])), found),))
    cuts = (len(found) - n for n in lengths)
    return Expansion((next((found[:n] for n in cuts if matches(found[n:])), found),))


def _cut_out(part: Parameter, found: Value, here: Unknown) -> Expansion:
    """`${x:2}`, `${x:2:3}`; of arguments the first is number 1."""
    numbers = RANGE.fullmatch(part.operand)
    if numbers is None or isinstance(found, Unknown) or (part.quoted and part.name == "*"):
        return Expansion((here,))
    start = int(numbers[1])
    if part.name in {"@", "*"}:
        if start == 0 or any(isinstance(item, Unknown) for item in found[:start]):
            return Expansion((here,))
        start -= 1
    end = None if numbers[2] is None else start + int(numbers[2])
    if isinstance(found, tuple):
        return Expansion(found[start:end], is_list=True)
    return Expansion((found[start:end],))


def _written(part: Parameter) -> str:
    subscript = "" if part.subscript is None else f"[{part.subscript}]"
    plain = not (subscript or part.operator or part.length)
    inner = f"{'#' if part.length else ''}{part.name}{subscript}{part.operator}{part.operand}"
    return f"${part.name}" if plain else f"${{{inner}}}"

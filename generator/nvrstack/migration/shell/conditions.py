"""Tests such as `[ "$1" = run ]` and `[[ $1 == r* ]]` (bash(1), CONDITIONAL EXPRESSIONS)."""

import fnmatch
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nvrstack.migration.shell.expansion import Expander
from nvrstack.migration.shell.source import DEEPEST, ShellError, field
from nvrstack.migration.shell.state import State
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node

EQUAL = ("=", "==")
NUMBERS = ("-eq", "-ne", "-lt", "-le", "-gt", "-ge")


def holds(node: "Node", state: State, expander: Expander, depth: int = 0) -> bool | None:
    """Whether a test command succeeds; None where text alone does not tell."""
    if depth > DEEPEST:
        raise ShellError("is nested too deeply")
    kind = node.type
    if kind == "test_command":
        double = node.children[0].type == "[["
        inner = [c for c in node.named_children if c.type != "comment"]
        return _expression(inner[0], state, expander, depth + 1, double=double) if len(
            inner) == 1 else None  # fmt: skip
    return None


def _expression(
    node: "Node", state: State, expander: Expander, depth: int, *, double: bool
) -> bool | None:
    if depth > DEEPEST:
        raise ShellError("is nested too deeply")
    if node.type == "parenthesized_expression" and len(node.named_children) == 1:
        return _expression(node.named_children[0], state, expander, depth + 1, double=double)
    if node.type == "binary_expression":
        return _binary(node, state, expander, depth, double=double)
    if node.type == "unary_expression":
        return _unary(node, state, expander, depth, double=double)
    if node.type in {"string", "raw_string", "word", "simple_expansion", "expansion", "number",
                     "concatenation"}:  # fmt: skip
        text = expander.text(node, state)
        return None if isinstance(text, Unknown) else bool(text)
    return None


def _unary(
    node: "Node", state: State, expander: Expander, depth: int, *, double: bool
) -> bool | None:
    operator = expander.source.of(node.children[0])
    if operator == "!":
        told = _expression(node.named_children[-1], state, expander, depth + 1, double=double)
        return None if told is None else not told
    return unary(operator, expander.text(node.named_children[-1], state))


def _binary(
    node: "Node", state: State, expander: Expander, depth: int, *, double: bool
) -> bool | None:
    left, right = field(node, "left"), field(node, "right")
    sign = field(node, "operator")
    if left is None or right is None or sign is None:
        return None
    operator = expander.source.of(sign)
    if operator in {"&&", "||"}:
        one = _expression(left, state, expander, depth + 1, double=double)
        other = _expression(right, state, expander, depth + 1, double=double)
        decisive = operator == "||"
        if one is decisive or other is decisive:
            return decisive
        return None if one is None or other is None else not decisive
    if double and operator in {*EQUAL, "!="}:
        matched = matches(right, expander.text(left, state), state, expander)
        return matched if matched is None or operator != "!=" else not matched
    if double and operator not in NUMBERS:
        return None
    return binary(operator, expander.text(left, state), expander.text(right, state))


def unary(operator: str, operand: Word) -> bool | None:
    """`-n` and `-z`; questions about files have no answer here."""
    if isinstance(operand, Unknown) or operator not in {"-n", "-z"}:
        return None
    return bool(operand) == (operator == "-n")


def binary(operator: str, left: Word, right: Word) -> bool | None:
    """A comparison of two words, as strings or as numbers."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    if operator in {*EQUAL, "!="}:
        return (left == right) == (operator != "!=")
    if operator not in NUMBERS or not all(re.fullmatch(r"-?\d{1,18}", w) for w in (left, right)):
        return None
    one, other = int(left), int(right)
    return {
        "-eq": one == other,
        "-ne": one != other,
        "-lt": one < other,
        "-le": one <= other,
        "-gt": one > other,
        "-ge": one >= other,
    }[operator]


def test_words(words: Sequence[Word]) -> bool | None:
    """What `test` says to its arguments; None for forms that are not worth knowing."""
    if words[:1] == ["!"]:
        told = test_words(words[1:])
        return None if told is None else not told
    if len(words) == 1:
        return None if isinstance(words[0], Unknown) else bool(words[0])
    if len(words) == 2 and isinstance(words[0], str):
        return unary(words[0], words[1])
    if len(words) == 3 and isinstance(words[1], str):
        return binary(words[1], words[0], words[2])
    return None


def matches(pattern: "Node", value: Word, state: State, expander: Expander) -> bool | None:
    """Whether a value fits a pattern of `case` or `[[ == ]]`, whose quoted parts are literal."""
    if isinstance(value, Unknown):
        return True if expander.source.of(pattern) == "*" else None
    parts = pattern.children if pattern.type == "concatenation" else [pattern]
    written = []
    for part in parts:
        text = expander.text(part, state)
        if isinstance(text, Unknown):
            return None
        quoted = part.type in {"string", "raw_string", "ansi_c_string"}
        plain = expander.source.of(part)
        if not quoted and re.search(r"[@?*+!]\(|\\", plain):
            return None if "(" in plain else _literal(text) == value and len(parts) == 1
        written.append(_literal(text) if quoted else text)
    return re.match(fnmatch.translate("".join(written)), value) is not None


def _literal(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)

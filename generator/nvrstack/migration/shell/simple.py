"""Simple commands and assignments, and where this grammar differs from bash.

The grammar takes a flag at the head of a line, `--name=x`, for an assignment, and glues the next
line to it; and it drops a backslash in front of a blank, which bash makes an argument of one blank.
"""

import re
from typing import TYPE_CHECKING

from nvrstack.migration.shell.expansion import Expander
from nvrstack.migration.shell.source import Source, line_of
from nvrstack.migration.shell.source import field as role
from nvrstack.migration.shell.state import State, Value
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node

SWALLOWED = re.compile(r"\\[ \t]")
LINE_BREAK = re.compile(r"(?<!\\)\n")
REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})


def is_stray_flag(source: Source, assignment: "Node") -> bool:
    """Whether what the grammar calls an assignment is a flag, such as `--network=host`."""
    return source.of(assignment).startswith("-")


def assign(node: "Node", state: State, expander: Expander) -> None:
    """Give a variable its value."""
    name, value = role(node, "name"), role(node, "value")
    if name is None:
        return
    appends = any(child.type == "+=" for child in node.children)
    if name.type == "subscript":
        inner = role(name, "name")
        if inner is not None:
            text = expander.source.of(inner)
            state.variables[text] = Unknown(f"${text}", line_of(node))
        return
    key = expander.source.of(name)
    found: Value
    if value is not None and value.type == "array":
        found = tuple(elements(value, state, expander))
    else:
        found = expander.text(value, state)
    state.variables[key] = _appended(state.value(key, line_of(node)), found) if appends else found


def _appended(before: Value | None, found: Value) -> Value:
    if before is None:
        return found
    if isinstance(before, Unknown):
        return before
    if isinstance(found, tuple):
        return (*(before if isinstance(before, tuple) else (before,)), *found)
    if isinstance(before, tuple):
        # Without an index, the first element is meant.
        head = before[0] if before else ""
        return (_joined(head, found), *before[1:])
    return _joined(before, found)


def _joined(one: Word, other: Word) -> Word:
    if isinstance(one, Unknown):
        return one
    return other if isinstance(other, Unknown) else one + other


def elements(array: "Node", state: State, expander: Expander) -> list[Word]:
    """The words of `( … )`, with those that the grammar swallows."""
    found: list[Word] = []
    at = array.children[0].end_byte
    for child in array.children[1:]:
        gap = expander.source.between(at, child.start_byte)
        found += [" "] * len(SWALLOWED.findall(gap))
        at = child.end_byte
        if child.is_named and child.type != "comment":
            found += expander.words(child, state)
    return found


def declare(node: "Node", state: State, expander: Expander) -> None:
    """`export`, `local`, `declare`, `readonly` with or without values."""
    own = node.children[0].type in {"local", "declare", "typeset"}
    for child in node.named_children:
        name = role(child, "name") if child.type == "variable_assignment" else child
        if child.type == "variable_assignment":
            if own and name is not None:
                _hide(child, expander.source.of(name), state, expander)
            else:
                assign(child, state, expander)
        elif own and child.type == "variable_name":
            state.hide(expander.source.of(child))


def _hide(node: "Node", name: str, state: State, expander: Expander) -> None:
    """`local name=value`, whose value may speak of the variable that it hides."""
    way = state.copy()
    assign(node, way, expander)
    state.hide(name)
    found = way.variables.get(name)
    if found is not None:
        state.variables[name] = found


def split_lines(
    source: Source, node: "Node", expander: Expander, state: State
) -> list[tuple[list[Word], int]]:
    """The words of the commands that a node holds, each with its line.

    One, but where flags at the heads of lines were glued together.
    """
    commands: list[tuple[list[Word], int]] = [([], line_of(node))]
    at = node.start_byte
    stray = False
    for child in node.children:
        gap = source.between(at, child.start_byte)
        if stray and LINE_BREAK.search(gap):
            commands.append(([], line_of(child)))
            stray = False
        words = commands[-1][0]
        words += [" "] * len(SWALLOWED.findall(gap))
        at = child.end_byte
        if child.type == "variable_assignment":
            if is_stray_flag(source, child):
                stray = True
                words += _stray_words(child, expander, state)
            elif words:
                words += _stray_words(child, expander, state)
        elif child.type not in REDIRECTS and child.is_named and child.type != "comment":
            words += expander.words(child, state)
    tail = source.text[at : _end_of_line(source, at)].decode(errors="replace")
    if commands[-1][0] and re.match(r"[ \t]*\\[ \t]", tail):
        commands[-1][0].append(" ")
    return commands


def _stray_words(node: "Node", expander: Expander, state: State) -> list[Word]:
    """What looks like an assignment and is an argument."""
    name, value = role(node, "name"), role(node, "value")
    end = value.start_byte if value is not None else node.end_byte
    head = expander.source.between(node.start_byte, end)
    told = expander.text(value, state)
    assert name is not None  # noqa: S101 - the grammar requires it
    return [
        Unknown(expander.source.of(node), line_of(node)) if isinstance(told, Unknown)
        else head + told
    ]  # fmt: skip


def command_words(source: Source, node: "Node", expander: Expander, state: State) -> list[Word]:
    """All words of a statement, whatever the grammar takes it for."""
    if node.type == "variable_assignment":
        return _stray_words(node, expander, state)
    if node.type in {"variable_assignments", "redirected_statement"}:
        return [w for c in node.named_children if c.type not in REDIRECTS
                for w in command_words(source, c, expander, state)]  # fmt: skip
    return [w for words, _ in split_lines(source, node, expander, state) for w in words]


def _end_of_line(source: Source, at: int) -> int:
    found = source.text.find(b"\n", at)
    return len(source.text) if found < 0 else found

"""Words and assignments out of the syntax tree."""

import re
from typing import TYPE_CHECKING

from nvrstack.migration.shell.expand import Expander
from nvrstack.migration.shell.scope import Scope, Session, Value
from nvrstack.migration.shell.source import Source
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node

REDIRECTIONS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
NO_STATEMENTS = frozenset(
    {"comment", "word", "string", "raw_string", "variable_name", "extglob_pattern", "concatenation"}
)
Span = tuple[int, int] | Unknown


def commands_in(node: "Node") -> list["Node"]:
    """The statements inside a node, and no words, comments or redirections."""
    found = []
    for index, child in enumerate(node.children):
        field = node.field_name_for_child(index)
        if child.is_named and field in {None, "body"} and child.type not in NO_STATEMENTS:
            found.append(child)
    return found


def word_spans(
    source: Source, node: "Node", after: str | None = None, before: str | None = None
) -> list[Span]:
    """Where the words among a node's children are, between two of its own tokens."""
    children = node.children
    types = [child.type for child in children]
    start = types.index(after) + 1 if after in types else (0 if after is None else len(types))
    stops = [i for i, kind in enumerate(types) if kind in {before, "\n"} and i >= start]
    chosen = children[start : stops[0] if stops else len(types)]
    leave_out = {"comment", "|", "(", "case", "do_group", "do", ";", "for", "in"} | REDIRECTIONS
    return joined(source, [child for child in chosen if child.type not in leave_out])


def joined(source: Source, found: list["Node"]) -> list[Span]:
    """The spans of nodes, those that touch made one."""
    spans: list[tuple[int, int]] = []
    for child in found:
        glue = source.text[spans[-1][1] : child.start_byte] if spans else b" "
        if not glue.replace(b"\\\n", b""):
            spans[-1] = (spans[-1][0], child.end_byte)
        else:
            spans.append((child.start_byte, child.end_byte))
    return list(spans)


def expander(source: Source, session: Session, scope: Scope, span: Span) -> Expander:
    """The expander for a word of the script."""
    if not isinstance(span, Unknown):
        span = Unknown(source.slice(*span), source.line(span[0]))
    return Expander(scope, session, span)


def assignment(source: Source, session: Session, scope: Scope, node: "Node") -> None:
    """`name=word`, `name+=word`, `name=(words)`, `name+=(words)`, `name[0]=word`."""
    here = Unknown(source.slice(node.start_byte, node.end_byte), node.start_point[0] + 1)
    target = re.match(r"([A-Za-z_]\w*)(\[[^]]*\])?(\+?=)", here.text)
    if target is None:
        scope.cloud(here)
        return
    name, subscript, operator = target.groups()
    value = node.child_by_field_name("value")
    old = scope.variables.get(name)
    if old is None and operator == "+=" and scope.clouded:
        scope.variables[name] = here
        return
    if subscript:
        scope.variables[name] = here
    elif value is not None and value.type == "array":
        items = _array(source, session, scope, value)
        # `${name=word}` in them may have set it.
        old = scope.variables.get(name)
        before = () if operator == "=" or old is None else old
        before = before if isinstance(before, tuple) else (before,)
        scope.variables[name] = (*before, *items)
    else:
        start = node.start_byte + len(target.group().encode())
        end = max(start, node.end_byte)
        found = expander(source, session, scope, (start, end)).value()
        old = scope.variables.get(name)
        scope.variables[name] = found if operator == "=" else _appended(old, found, here)


def _array(source: Source, session: Session, scope: Scope, node: "Node") -> tuple[Word, ...]:
    inside = [c for c in node.children if c.type not in {"(", ")", "comment"}]
    words: list[Word] = []
    for span in joined(source, inside):
        one = expander(source, session, scope, span)
        if re.match(r"\[[^]]*\]\+?=", one.here.text):
            return (one.here,)
        words += one.fields()
    return tuple(words)


def _appended(old: Value | None, new: Word, here: Unknown) -> Value:
    if old is None:
        return new
    if isinstance(old, tuple):
        return (_appended_word(old[0], new, here), *old[1:]) if old else (new,)
    return _appended_word(old, new, here)


def _appended_word(old: Word, new: Word, here: Unknown) -> Word:
    return here if isinstance(old, Unknown) or isinstance(new, Unknown) else old + new

"""Statements that go one way or another: `if`, `case`, `[ … ]`, and both ways at once."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from nvrstack.migration.shell import rules
from nvrstack.migration.shell.conditions import is_file, matches, verdict
from nvrstack.migration.shell.flow import Leave, StoppedError
from nvrstack.migration.shell.lexer import UnreadableError, words_of
from nvrstack.migration.shell.reading import commands_in, word_spans
from nvrstack.migration.shell.scope import Scope
from nvrstack.migration.shell.walk import Status, Walk
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node


def either(walk: Walk, node: "Node", scope: Scope, ways: list[Callable[[Scope], Status]]) -> Status:
    """Follow every way, since which one is taken is not known."""
    text = walk.source.slice(node.start_byte, node.end_byte).partition("\n")[0][:80]
    why = Unknown(text, node.start_point[0] + 1)
    ends: list[tuple[Scope, Leave | None]] = []
    calls = len(walk.calls)
    for way in ways:
        branch = scope.copy()
        try:
            way(branch)
            ends.append((branch, None))
        except Leave as leave:
            ends.append((branch, leave))
    going = [branch for branch, leave in ends if not isinstance(leave, StoppedError)]
    if not going:
        raise StoppedError
    differs = any(leave is not None and branch in going for branch, leave in ends)
    scope.become(going[0])
    for branch in going[1:]:
        differs = scope.merge(branch, why) or differs
    if differs or any("run" in call.argv for call in walk.calls[calls:]):
        walk.session.note(rules.CONDITION_OPEN(why.line, text=text))
    return None


def branched(walk: Walk, node: "Node", scope: Scope) -> Status:
    """`if`, with every `elif` and `else`."""
    asked, done = _parted(node, "then")
    rest = [child for child in done if child.type in {"elif_clause", "else_clause"}]
    done = [child for child in done if child not in rest]
    return _branch(walk, node, asked, done, rest, scope)


def _branch(
    walk: Walk,
    node: "Node",
    asked: list["Node"],
    done: list["Node"],
    rest: list["Node"],
    scope: Scope,
) -> Status:
    def otherwise(where: Scope) -> Status:
        if not rest:
            return True
        clause = rest[0]
        if clause.type == "else_clause":
            return walk.block(commands_in(clause), where)
        walk.session.step(clause.start_point[0] + 1)
        inner_asked, inner_done = _parted(clause, "then")
        return _branch(walk, clause, inner_asked, inner_done, rest[1:], where)

    with walk.condition():
        status = walk.block(asked, scope)
    if status is None:
        return either(walk, node, scope, [lambda s: walk.block(done, s), otherwise])
    return walk.block(done, scope) if status else otherwise(scope)


def chosen(walk: Walk, node: "Node", scope: Scope) -> Status:
    """`case`."""
    value = node.child_by_field_name("value")
    spans = word_spans(walk.source, node, before="in")
    if value is None or not spans:
        return None
    subject = walk.expander(scope, spans[0]).value()
    items = [child for child in node.named_children if child.type == "case_item"]
    open_ones: list[Node] = []
    for item in items:
        fits = _fits(walk, item, subject, scope)
        if fits is None:
            open_ones.append(item)
        if fits:
            open_ones.append(item)
            break
    else:
        if not open_ones:
            return True
    fall_through = {"fallthrough"} & {
        item.field_name_for_child(i) for item in items for i in range(item.child_count)
    }
    if len(open_ones) == 1 and not isinstance(subject, Unknown) and not fall_through:
        fits = _fits(walk, open_ones[0], subject, scope)
        if fits:
            return walk.block(commands_in(open_ones[0]), scope)
    ways: list[Callable[[Scope], Status]] = [
        lambda s, item=item: walk.block(commands_in(item), s)  # type: ignore[misc]
        for item in (items if fall_through else open_ones)
    ]
    return either(walk, node, scope, [*ways, lambda _: None])


def _fits(walk: Walk, item: "Node", subject: Word, scope: Scope) -> Status:
    found: list[Status] = []
    for span in word_spans(walk.source, item, before=")"):
        pattern = walk.expander(scope, span).pattern()
        if pattern == "*":
            return True
        unknown = isinstance(subject, Unknown) or pattern is None
        found.append(None if unknown else matches(str(subject), str(pattern)))
    return True if True in found else None if None in found else False


def tested(walk: Walk, node: "Node", scope: Scope) -> Status:
    """`[ … ]` and `[[ … ]]`."""
    size = 2 if node.children[0].type == "[[" else 1
    text = walk.source.slice(node.start_byte + size, node.end_byte - size)
    line = node.start_point[0] + 1
    try:
        texts = words_of(text)
    except UnreadableError:
        return None
    if texts is None:
        return None
    words = [walk.expander(scope, Unknown(one, line)) for one in texts]
    if len(words) == 2 and is_file([one.value() for one in words], walk.session.text_of):
        return True
    if size == 1:
        return verdict([word for one in words for word in one.fields()])
    pattern = words[-1].pattern() if len(words) >= 3 else ""
    return None if pattern is None else verdict([one.value() for one in words], pattern)


def listed(walk: Walk, node: "Node", scope: Scope) -> Status:
    """`a && b`, `a || b`."""
    left, right = node.named_children[0], node.named_children[-1]
    goes_on = any(child.type == "&&" for child in node.children)
    status = walk.asking(left, scope)
    if status is None:
        return either(walk, node, scope, [lambda s: walk.statement(right, s), lambda _: None])
    return walk.statement(right, scope) if status is goes_on else status


def negated(walk: Walk, node: "Node", scope: Scope) -> Status:
    """`! a`."""
    status = walk.asking(node.named_children[-1], scope)
    return None if status is None else not status


def _parted(node: "Node", keyword: str) -> tuple[list["Node"], list["Node"]]:
    """The statements before and after a keyword."""
    at = next(i for i, child in enumerate(node.children) if child.type == keyword)
    parts = node.children[:at], node.children[at + 1 :]
    before, after = ([c for c in part if c.is_named and c.type != "comment"] for part in parts)
    return before, after

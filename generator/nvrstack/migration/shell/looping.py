"""Statements that are followed more than once: `for`, `while`, `until`."""

from typing import TYPE_CHECKING

from nvrstack.migration.shell.branching import either
from nvrstack.migration.shell.flow import LoopLeftError
from nvrstack.migration.shell.reading import commands_in, word_spans
from nvrstack.migration.shell.scope import Scope
from nvrstack.migration.shell.walk import Status, Walk
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node


def looped(walk: Walk, node: "Node", scope: Scope) -> Status:
    """`for name in words`."""
    name = node.child_by_field_name("variable")
    body = node.child_by_field_name("body")
    if name is None or body is None or node.children[0].type != "for":
        return either(walk, node, scope, [lambda _: None])
    variable = walk.source.slice(name.start_byte, name.end_byte)
    spans = word_spans(walk.source, node, after="in", before=";")
    words: tuple[Word, ...] = tuple(
        word for span in spans for word in walk.expander(scope, span).fields()
    )
    if not any(child.type == "in" for child in node.children):
        words = scope.arguments
    if any(isinstance(word, Unknown) for word in words):
        unknown = next(word for word in words if isinstance(word, Unknown))
        return _maybe_once(walk, node, body, scope, {variable: unknown})
    status: Status = True
    for word in words:
        scope.variables[variable] = word
        try:
            status = walk.block(commands_in(body), scope)
        except LoopLeftError as left:
            if left.ends:
                break
    return status


def repeated(walk: Walk, node: "Node", scope: Scope) -> Status:
    """`while` and `until`."""
    body = node.child_by_field_name("body")
    until = node.children[0].type == "until"
    asked = [
        child
        for index, child in enumerate(node.children)
        if node.field_name_for_child(index) == "condition" and child.is_named
    ]
    if body is None:
        return None
    while True:
        walk.session.step(node.start_point[0] + 1)
        with walk.condition():
            status = walk.block(asked, scope)
        if status is None:
            return _maybe_once(walk, node, body, scope, {})
        if status is until:
            return True
        try:
            walk.block(commands_in(body), scope)
        except LoopLeftError as left:
            if left.ends:
                return True


def _maybe_once(
    walk: Walk, node: "Node", body: "Node", scope: Scope, variables: dict[str, Word]
) -> Status:
    """A loop that runs some number of times: what it changes is not known afterwards."""

    def once(where: Scope) -> Status:
        where.variables |= variables
        try:
            return walk.block(commands_in(body), where)
        except LoopLeftError:
            return None

    # Twice, so that what the first round changed counts in the second.
    for _ in range(2):
        either(walk, node, scope, [lambda _: None, once])
    return None

"""Which programs a script would start, with which words: its statements followed one by one.

Where only running something would tell which way a script goes, both ways are followed, and what
differs between them is not known afterwards.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nvrstack.migration.findings import Finding
from nvrstack.migration.install import TextOf, User, no_file
from nvrstack.migration.shell.branching import branched, chosen, listed, negated, tested
from nvrstack.migration.shell.commands import command, declaration, forget_names_in, unset
from nvrstack.migration.shell.flow import Leave
from nvrstack.migration.shell.looping import looped, repeated
from nvrstack.migration.shell.reading import assignment, commands_in
from nvrstack.migration.shell.scope import Scope, Session
from nvrstack.migration.shell.source import Source
from nvrstack.migration.shell.walk import Call, Follow, Status, Walk
from nvrstack.migration.words import Unknown

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True)
class Evaluation:
    """The calls in order, what was noticed, and for unknown words what they depend on."""

    calls: tuple[Call, ...]
    notes: tuple[Finding, ...]
    causes: Mapping[Unknown, Unknown]


def evaluate(
    source: Source,
    arguments: tuple[str, ...],
    accounts: Mapping[str, User],
    timezone: str | None,
    text_of: TextOf = no_file,
    place: str | None = None,
) -> Evaluation:
    """Follow a script with these arguments. Raises ShellError when it is too much to follow."""
    session = Session(accounts, timezone, text_of, place)
    walk = Walk(source, session, KINDS)
    with contextlib.suppress(Leave):
        walk.block(commands_in(source.tree.root_node), Scope(arguments=arguments))
    return Evaluation(tuple(walk.calls), tuple(session.notes), session.causes)


def _redirected(walk: Walk, node: "Node", scope: Scope) -> Status:
    """The statement without its redirections, which are never made."""
    body = node.child_by_field_name("body")
    if body is None:
        return True
    if body.type == "command":
        return command(walk, body, scope, redirected=node)
    return walk.statement(body, scope)


def _compound(walk: Walk, node: "Node", scope: Scope) -> Status:
    """`{ …; }`, and `(( … ))`, which is not worked out."""
    if node.children[0].type == "((":
        forget_names_in(walk, node, scope)
        return None
    return walk.block(commands_in(node), scope)


def _defined(walk: Walk, node: "Node", scope: Scope) -> Status:
    """A function."""
    name = node.child_by_field_name("name")
    body = node.child_by_field_name("body")
    if name is not None and body is not None:
        scope.functions[walk.source.slice(name.start_byte, name.end_byte)] = body
    return True


def _assigned(walk: Walk, node: "Node", scope: Scope) -> Status:
    """One assignment or several."""
    several = node.named_children if node.type == "variable_assignments" else [node]
    for one in several:
        assignment(walk.source, walk.session, scope, one)
    return True


KINDS: Mapping[str, Follow] = {
    "command": command,
    "declaration_command": declaration,
    "unset_command": unset,
    "variable_assignment": _assigned,
    "variable_assignments": _assigned,
    "test_command": tested,
    "redirected_statement": _redirected,
    "list": listed,
    "negated_command": negated,
    "pipeline": Walk.apart,
    "subshell": Walk.apart,
    "compound_statement": _compound,
    "if_statement": branched,
    "case_statement": chosen,
    "for_statement": looped,
    "while_statement": repeated,
    "function_definition": _defined,
}
"""Every kind of statement, by the parser's name for it."""

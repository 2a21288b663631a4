"""Which programs a script would start, with which words: its statements followed one by one.

Where only running something would tell which way a script goes, both ways are followed, and what
differs between them is not known afterwards.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nvrstack.migration.findings import Finding
from nvrstack.migration.install import User
from nvrstack.migration.shell.commands import Call, Status
from nvrstack.migration.shell.flow import Leave, StoppedError
from nvrstack.migration.shell.looping import Loops
from nvrstack.migration.shell.reading import assignment, commands_in
from nvrstack.migration.shell.scope import Scope, Session
from nvrstack.migration.shell.source import ShellError, Source
from nvrstack.migration.words import Unknown

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 40


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
) -> Evaluation:
    """Follow a script with these arguments. Raises ShellError when it is too much to follow."""
    session = Session(accounts, timezone)
    interpreter = _Interpreter(source, session)
    with contextlib.suppress(Leave):
        interpreter.block(commands_in(source.tree.root_node), Scope(arguments=arguments))
    return Evaluation(tuple(interpreter.calls), tuple(session.notes), session.causes)


class _Interpreter(Loops):
    """Every kind of statement, by the parser's name for it."""

    def __init__(self, source: Source, session: Session) -> None:
        super().__init__(source, session)
        self.depth = 0
        self.kinds: dict[str, Callable[[Node, Scope], Status]] = {
            "command": self.command,
            "declaration_command": self.declaration,
            "unset_command": self.unset,
            "variable_assignment": self.assigned,
            "variable_assignments": self.assigned,
            "test_command": self.tested,
            "redirected_statement": self.redirected,
            "list": self.listed,
            "negated_command": self.negated,
            "pipeline": self.apart,
            "subshell": self.apart,
            "compound_statement": self.compound,
            "if_statement": self.branched,
            "case_statement": self.chosen,
            "for_statement": self.looped,
            "while_statement": self.repeated,
            "function_definition": self.defined,
        }

    def block(self, statements: list["Node"], scope: Scope) -> Status:
        """One statement after the other; with `set -e` a failing one is the last."""
        status: Status = True
        for node in statements:
            after = node.next_sibling
            if after is not None and after.type == "&":
                status = self.apart(node, scope)
            else:
                status = self.statement(node, scope)
            simple = {"command", "test_command", "redirected_statement", "subshell"}
            if status is False and self.fails_stop and not self.asked and node.type in simple:
                raise StoppedError
        return status

    def statement(self, node: "Node", scope: Scope) -> Status:
        """Any statement."""
        line = node.start_point[0] + 1
        self.session.step(line)
        kind = self.kinds.get(node.type)
        if kind is None:
            scope.cloud(Unknown(self.source.slice(node.start_byte, node.end_byte), line))
            return None
        self.depth += 1
        if self.depth > DEEPEST:
            raise ShellError("is nested too deeply to be followed", line)
        try:
            return kind(node, scope)
        finally:
            self.depth -= 1

    def redirected(self, node: "Node", scope: Scope) -> Status:
        """The statement without its redirections, which are never made."""
        body = node.child_by_field_name("body")
        if body is None:
            return True
        if body.type == "command":
            return self.command(body, scope, redirected=node)
        return self.statement(body, scope)

    def listed(self, node: "Node", scope: Scope) -> Status:
        """`a && b`, `a || b`."""
        left, right = node.named_children[0], node.named_children[-1]
        goes_on = any(child.type == "&&" for child in node.children)
        status = self.asking(left, scope)
        if status is None:
            return self.either(node, scope, [lambda s: self.statement(right, s), lambda _: None])
        return self.statement(right, scope) if status is goes_on else status

    def negated(self, node: "Node", scope: Scope) -> Status:
        """`! a`."""
        status = self.asking(node.named_children[-1], scope)
        return None if status is None else not status

    def apart(self, node: "Node", scope: Scope) -> Status:
        """A subshell, a pipeline, or what runs in the background: variables stay inside."""
        parts = commands_in(node) if node.type in {"subshell", "pipeline"} else [node]
        status: Status = None
        try:
            if node.type == "subshell":
                status = self.block(parts, scope.copy())
            else:
                for part in parts:
                    self.asking(part, scope.copy())
        except Leave:
            return None
        return status

    def compound(self, node: "Node", scope: Scope) -> Status:
        """`{ …; }`, and `(( … ))`, which is not worked out."""
        if node.children[0].type == "((":
            self.forget_names_in(node, scope)
            return None
        return self.block(commands_in(node), scope)

    def defined(self, node: "Node", scope: Scope) -> Status:
        """A function."""
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if name is not None and body is not None:
            scope.functions[self.source.slice(name.start_byte, name.end_byte)] = body
        return True

    def assigned(self, node: "Node", scope: Scope) -> Status:
        """One assignment or several."""
        several = node.named_children if node.type == "variable_assignments" else [node]
        for one in several:
            assignment(self.source, self.session, scope, one)
        return True

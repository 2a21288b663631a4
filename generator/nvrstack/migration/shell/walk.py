"""A walk through a script: its statements one after the other, and what it came by."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nvrstack.migration.shell.expand import Expander
from nvrstack.migration.shell.flow import Leave, StoppedError
from nvrstack.migration.shell.reading import Span, commands_in, expander
from nvrstack.migration.shell.scope import Scope, Session, Value
from nvrstack.migration.shell.source import ShellError, Source
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 40
Status = bool | None
"""Whether a command succeeded, as far as that is known."""
Follow = Callable[["Walk", "Node", Scope], Status]
"""Follows one kind of statement."""


@dataclass(frozen=True)
class Call:
    """A call of `program`: the words after it, and the line on which it is written."""

    argv: tuple[Word, ...]
    line: int
    program: str = "docker"


@dataclass
class Walk:
    """Where a walk through `source` stands. `kinds` are by the parser's names for statements.

    `asked` counts the conditions around, whose failure ends nothing; `fails_stop` is `set -e`;
    `frames` are the functions around, each with what its local variables were before.
    """

    source: Source
    session: Session
    kinds: Mapping[str, Follow]
    calls: list[Call] = field(default_factory=list)
    asked: int = 0
    depth: int = 0
    fails_stop: bool = False
    frames: list[dict[str, Value | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take `-e` from the script's first line."""
        first = self.source.text.partition(b"\n")[0]
        self.fails_stop = re.match(rb"#!.*\s-[a-z]*e", first) is not None

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
            return kind(self, node, scope)
        finally:
            self.depth -= 1

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

    def asking(self, node: "Node", scope: Scope) -> Status:
        """A statement whose failure ends nothing."""
        with self.condition():
            return self.statement(node, scope)

    @contextmanager
    def condition(self) -> Iterator[None]:
        """While it is open, a failing statement ends nothing."""
        self.asked += 1
        try:
            yield
        finally:
            self.asked -= 1

    def expander(self, scope: Scope, span: Span) -> Expander:
        """The expander for a word of the script."""
        return expander(self.source, self.session, scope, span)

    def words(self, scope: Scope, spans: list[Span]) -> tuple[Word, ...]:
        """The words that a command receives for those of the script."""
        return tuple(word for span in spans for word in self.expander(scope, span).fields())

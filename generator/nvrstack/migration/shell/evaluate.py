"""Which programs a script would start, with which words: its statements followed one by one.

Where only running something would tell which way a script goes, both ways are followed, and what
differs between them is not known afterwards.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nvrstack.migration.install import Finding, User
from nvrstack.migration.shell.commands import Call, Commands, Status
from nvrstack.migration.shell.conditions import matches, verdict
from nvrstack.migration.shell.flow import Leave, LoopLeftError, StoppedError
from nvrstack.migration.shell.lexer import UnreadableError, words_of
from nvrstack.migration.shell.reading import assignment, commands_in, expander, word_spans
from nvrstack.migration.shell.scope import Scope, Session
from nvrstack.migration.shell.source import ShellError, Source
from nvrstack.migration.words import Unknown, Word

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


class _Interpreter(Commands):
    """Statements; the simple commands are in Commands."""

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

    def either(self, node: "Node", scope: Scope, ways: list[Callable[[Scope], Status]]) -> Status:
        """Follow every way, since which one is taken is not known."""
        text = self.source.slice(node.start_byte, node.end_byte).partition("\n")[0][:80]
        why = Unknown(text, node.start_point[0] + 1)
        ends: list[tuple[Scope, Leave | None]] = []
        calls = len(self.calls)
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
        if differs or any("run" in call.argv for call in self.calls[calls:]):
            self.session.note(
                Finding(
                    "condition-open",
                    f"which way {text!r} goes would only show when it runs; each was followed",
                    "check that what follows from it is meant",
                    why.line,
                )
            )
        return None

    def asking(self, node: "Node", scope: Scope) -> Status:
        """A statement whose failure ends nothing."""
        self.asked += 1
        try:
            return self.statement(node, scope)
        finally:
            self.asked -= 1

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

    def branched(self, node: "Node", scope: Scope) -> Status:
        """`if`, with every `elif` and `else`."""
        asked, done = _parted(node, "then")
        rest = [child for child in done if child.type in {"elif_clause", "else_clause"}]
        done = [child for child in done if child not in rest]
        return self._branch(node, asked, done, rest, scope)

    def _branch(
        self,
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
                return self.block(commands_in(clause), where)
            self.session.step(clause.start_point[0] + 1)
            inner_asked, inner_done = _parted(clause, "then")
            return self._branch(clause, inner_asked, inner_done, rest[1:], where)

        self.asked += 1
        try:
            status = self.block(asked, scope)
        finally:
            self.asked -= 1
        if status is None:
            return self.either(node, scope, [lambda s: self.block(done, s), otherwise])
        return self.block(done, scope) if status else otherwise(scope)

    def chosen(self, node: "Node", scope: Scope) -> Status:
        """`case`."""
        value = node.child_by_field_name("value")
        spans = word_spans(self.source, node, before="in")
        if value is None or not spans:
            return None
        subject = expander(self.source, self.session, scope, spans[0]).value()
        items = [child for child in node.named_children if child.type == "case_item"]
        open_ones: list[Node] = []
        for item in items:
            fits = self._fits(item, subject, scope)
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
            fits = self._fits(open_ones[0], subject, scope)
            if fits:
                return self.block(commands_in(open_ones[0]), scope)
        ways: list[Callable[[Scope], Status]] = [
            lambda s, item=item: self.block(commands_in(item), s)  # type: ignore[misc]
            for item in (items if fall_through else open_ones)
        ]
        return self.either(node, scope, [*ways, lambda _: None])

    def _fits(self, item: "Node", subject: Word, scope: Scope) -> Status:
        found: list[Status] = []
        for span in word_spans(self.source, item, before=")"):
            pattern = expander(self.source, self.session, scope, span).pattern()
            if pattern == "*":
                return True
            unknown = isinstance(subject, Unknown) or pattern is None
            found.append(None if unknown else matches(str(subject), str(pattern)))
        return True if True in found else None if None in found else False

    def tested(self, node: "Node", scope: Scope) -> Status:
        """`[ … ]` and `[[ … ]]`."""
        size = 2 if node.children[0].type == "[[" else 1
        text = self.source.slice(node.start_byte + size, node.end_byte - size)
        line = node.start_point[0] + 1
        try:
            texts = words_of(text)
        except UnreadableError:
            return None
        if texts is None:
            return None
        words = [expander(self.source, self.session, scope, Unknown(one, line)) for one in texts]
        if size == 1:
            return verdict([word for one in words for word in one.fields()])
        pattern = words[-1].pattern() if len(words) >= 3 else ""
        return None if pattern is None else verdict([one.value() for one in words], pattern)

    def looped(self, node: "Node", scope: Scope) -> Status:
        """`for name in words`."""
        name = node.child_by_field_name("variable")
        body = node.child_by_field_name("body")
        if name is None or body is None or node.children[0].type != "for":
            return self.either(node, scope, [lambda _: None])
        variable = self.source.slice(name.start_byte, name.end_byte)
        spans = word_spans(self.source, node, after="in", before=";")
        words: tuple[Word, ...] = tuple(
            word
            for span in spans
            for word in expander(self.source, self.session, scope, span).fields()
        )
        if not any(child.type == "in" for child in node.children):
            words = scope.arguments
        if any(isinstance(word, Unknown) for word in words):
            unknown = next(word for word in words if isinstance(word, Unknown))
            return self._maybe_once(node, body, scope, {variable: unknown})
        status: Status = True
        for word in words:
            scope.variables[variable] = word
            try:
                status = self.block(commands_in(body), scope)
            except LoopLeftError as left:
                if left.ends:
                    break
        return status

    def repeated(self, node: "Node", scope: Scope) -> Status:
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
            self.session.step(node.start_point[0] + 1)
            self.asked += 1
            try:
                status = self.block(asked, scope)
            finally:
                self.asked -= 1
            if status is None:
                return self._maybe_once(node, body, scope, {})
            if status is until:
                return True
            try:
                self.block(commands_in(body), scope)
            except LoopLeftError as left:
                if left.ends:
                    return True

    def _maybe_once(
        self, node: "Node", body: "Node", scope: Scope, variables: dict[str, Word]
    ) -> Status:
        """A loop that runs some number of times: what it changes is not known afterwards."""

        def once(where: Scope) -> Status:
            where.variables |= variables
            try:
                return self.block(commands_in(body), where)
            except LoopLeftError:
                return None

        # Twice, so that what the first round changed counts in the second.
        for _ in range(2):
            self.either(node, scope, [lambda _: None, once])
        return None

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


def _parted(node: "Node", keyword: str) -> tuple[list["Node"], list["Node"]]:
    """The statements before and after a keyword."""
    at = next(i for i, child in enumerate(node.children) if child.type == keyword)
    parts = node.children[:at], node.children[at + 1 :]
    before, after = ([c for c in part if c.is_named and c.type != "comment"] for part in parts)
    return before, after

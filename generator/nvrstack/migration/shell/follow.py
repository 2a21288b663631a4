"""Following a script statement by statement, every way that it may go, without running it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from nvrstack.migration.shell.calls import Call, engine_of, without_prefixes
from nvrstack.migration.shell.conditions import holds, matches, test_words
from nvrstack.migration.shell.expansion import Expander
from nvrstack.migration.shell.simple import (
    assign,
    command_words,
    declare,
    is_stray_flag,
    split_lines,
)
from nvrstack.migration.shell.source import DEEPEST, ShellError, Source, line_of, parse
from nvrstack.migration.shell.source import field as role
from nvrstack.migration.shell.state import State
from nvrstack.migration.shell.substitutions import Answers
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_STATEMENTS = 5_000
SIMPLE = frozenset(
    {"command", "redirected_statement", "variable_assignment", "variable_assignments"}
)
SKIPPED = frozenset({"comment", "heredoc_body", "function_definition"})


@dataclass(frozen=True)
class Remark:
    """Something in the script that cannot be followed, and its line."""

    kind: str
    text: str
    line: int


@dataclass
class Follower:
    """Follows one script; `calls` and `remarks` grow meanwhile."""

    source: Source
    expander: Expander
    calls: list[Call] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    _count: int = 0
    _maybe: int = 0

    def block(self, nodes: "Sequence[Node]", state: State, depth: int) -> None:
        """Follow statements one after the other."""
        statements = [n for n in nodes if n.is_named and n.type != "comment"]
        for index, node in enumerate(statements):
            if state.ended or state.returned:
                return
            before = len(self.calls)
            self.statement(node, state, depth)
            if len(self.calls) > before and node.type in SIMPLE:
                self._look_behind(statements[index + 1 :], state)

    def statement(self, node: "Node", state: State, depth: int) -> None:
        """Follow one statement. Raises ShellError when there is too much of it."""
        self._count += 1
        if self._count > MOST_STATEMENTS:
            raise ShellError("goes round for too long")
        if depth > DEEPEST:
            raise ShellError("is nested too deeply")
        follow: Callable[[Node, State, int], None] = getattr(
            self, f"_{node.type}", self._not_followed
        )
        follow(node, state, depth + 1)

    # Each of the following is called by the name of its node in the grammar.

    def _command(self, node: "Node", state: State, depth: int) -> None:
        for words, line in split_lines(self.source, node, self.expander, state):
            self._run(words, line, state, depth)

    def _variable_assignment(self, node: "Node", state: State, depth: int) -> None:
        if is_stray_flag(self.source, node):
            self._run([self.expander.text(node, state)], line_of(node), state, depth)
        else:
            assign(node, state, self.expander)
            state.status = True

    def _variable_assignments(self, node: "Node", state: State, depth: int) -> None:
        for child in node.named_children:
            self.statement(child, state, depth)

    def _declaration_command(self, node: "Node", state: State, depth: int) -> None:
        declare(node, state, self.expander)
        state.status = True

    def _unset_command(self, node: "Node", state: State, depth: int) -> None:
        for child in node.named_children:
            state.variables.pop(self.source.of(child), None)

    def _function_definition(self, node: "Node", state: State, depth: int) -> None:
        name, body = role(node, "name"), role(node, "body")
        if name is not None and body is not None:
            state.functions[self.source.of(name)] = body

    def _redirected_statement(self, node: "Node", state: State, depth: int) -> None:
        body = role(node, "body")
        if body is not None:
            self.statement(body, state, depth)

    def _compound_statement(self, node: "Node", state: State, depth: int) -> None:
        self.block(node.children, state, depth)

    _do_group = _compound_statement

    def _subshell(self, node: "Node", state: State, depth: int) -> None:
        inner = state.copy()
        self.block(node.children, inner, depth)
        state.status = inner.status

    def _pipeline(self, node: "Node", state: State, depth: int) -> None:
        for child in node.named_children:
            inner = state.copy()
            self.statement(child, inner, depth)
            state.status = inner.status

    def _negated_command(self, node: "Node", state: State, depth: int) -> None:
        self.block(node.children, state, depth)
        state.status = None if state.status is None else not state.status

    def _test_command(self, node: "Node", state: State, depth: int) -> None:
        state.status = holds(node, state, self.expander)

    def _list(self, node: "Node", state: State, depth: int) -> None:
        left, sign, right = node.children[0], node.children[1], node.children[-1]
        self.statement(left, state, depth)
        if state.ended or state.returned:
            return
        goes_on = self.source.of(sign) == "&&"
        if state.status is None:
            self._either(state, lambda way: self.statement(right, way, depth), None, line_of(node))
        elif state.status is goes_on:
            self.statement(right, state, depth)

    def _if_statement(self, node: "Node", state: State, depth: int) -> None:
        self._arms(_arms_of(node), state, depth, line_of(node))

    def _case_statement(self, node: "Node", state: State, depth: int) -> None:
        place = role(node, "value")
        value = self.expander.text(place, state)
        items = [child for child in node.named_children if child.type == "case_item"]
        self._items(items, value, state, depth)

    def _for_statement(self, node: "Node", state: State, depth: int) -> None:
        name, body = role(node, "variable"), role(node, "body")
        if name is None or body is None or node.children[0].type != "for":
            self._not_followed(node, state, depth)
            return
        given = node.children_by_field_name("value")
        words: list[Word] = [w for v in given for w in self.expander.words(v, state)]
        for word in words if given else state.arguments:
            if state.ended or state.returned:
                return
            state.variables[self.source.of(name)] = word
            self.statement(body, state, depth)

    def _while_statement(self, node: "Node", state: State, depth: int) -> None:
        body = role(node, "body")
        if node.type == "while_statement":
            self.block(node.children_by_field_name("condition"), state, depth)
        if body is not None and not state.ended:
            inside = body
            # How often nobody knows; once tells which calls there are.
            self._either(state, lambda way: self.statement(inside, way, depth), None,
                         line_of(node))  # fmt: skip

    _c_style_for_statement = _while_statement

    def _not_followed(self, node: "Node", state: State, depth: int) -> None:
        state.status = None
        if node.type not in SKIPPED:
            kind = "unreadable" if node.type == "ERROR" else "not-followed"
            self.remarks.append(Remark(kind, self.source.of(node)[:80], line_of(node)))

    # What the above have in common.

    def _arms(
        self, arms: "list[tuple[list[Node], list[Node]]]", state: State, depth: int, line: int
    ) -> None:
        """The first arm whose condition holds; all of them where that is not known."""
        if not arms:
            state.status = True
            return
        (condition, body), rest = arms[0], arms[1:]
        self.block(condition, state, depth)
        if state.ended or state.returned:
            return
        if not condition or state.status is True:
            self.block(body, state, depth)
        elif state.status is False:
            self._arms(rest, state, depth + 1, line)
        else:
            self._either(
                state,
                lambda way: self.block(body, way, depth),
                lambda way: self._arms(rest, way, depth + 1, line),
                line,
            )

    def _items(self, items: "list[Node]", value: Word, state: State, depth: int) -> None:
        for index, item in enumerate(items):
            patterns = item.children_by_field_name("value")
            told = [matches(pattern, value, state, self.expander) for pattern in patterns]
            left = items[index:]
            if True in told:
                self._item(left, value, state, depth)
                return
            if None in told:
                self._either(
                    state,
                    partial(self._item_of, left, value, depth),
                    partial(self._items_of, left[1:], value, depth + 1),
                    line_of(item),
                )
                return

    def _item(self, items: "list[Node]", value: Word, state: State, depth: int) -> None:
        """The statements of the first arm, and of others where it falls through or goes on."""
        for index, item in enumerate(items):
            values = item.children_by_field_name("value")
            self.block([c for c in item.children if c not in values], state, depth)
            sign = role(item, "fallthrough")
            if sign is None or state.ended or state.returned:
                return
            if self.source.of(sign) == ";;&":
                self._items(items[index + 1 :], value, state, depth + 1)
                return

    def _item_of(self, items: "list[Node]", value: Word, depth: int, state: State) -> None:
        self._item(items, value, state, depth)

    def _items_of(self, items: "list[Node]", value: Word, depth: int, state: State) -> None:
        self._items(items, value, state, depth)

    def _either(
        self,
        state: State,
        one: Callable[[State], None],
        other: Callable[[State], None] | None,
        line: int,
    ) -> None:
        """Go both ways, and on with what both agree on."""
        ways = state.copy(), state.copy()
        self._maybe += 1
        one(ways[0])
        if other is not None:
            other(ways[1])
        self._maybe -= 1
        state.become(*ways, line)

    def _run(self, words: list[Word], line: int, state: State, depth: int) -> None:
        """A simple command with its words."""
        if not words:
            state.status = True
            return
        name = words[0]
        if isinstance(name, Unknown):
            self.remarks.append(Remark("unknown-command", name.text[:80], line))
            state.status = None
            return
        if name in state.functions:
            self._call_function(name, words[1:], state, depth)
            return
        if self._builtin(name, words, line, state):
            return
        program = without_prefixes(words)
        engine = engine_of(program)
        if engine is not None:
            self.calls.append(Call(engine, tuple(program[1:]), line, certain=not self._maybe))
        state.status = None
        if name == "exec" and program:
            state.ended = True

    def _call_function(self, name: str, words: list[Word], state: State, depth: int) -> None:
        caller = state.arguments
        state.arguments = tuple(words)
        state.enter()
        self.statement(state.functions[name], state, depth + 1)
        state.leave()
        state.arguments, state.returned = caller, False

    def _builtin(self, name: str, words: list[Word], line: int, state: State) -> bool:
        """Do what the shell itself would do; False for what is no such command."""
        if name in {"exit", "return"}:
            state.ended, state.returned = name == "exit", name == "return"
        elif name == "shift":
            count = words[1] if len(words) > 1 else "1"
            if isinstance(count, Unknown) or not count.isdecimal():
                state.arguments = (Unknown("$@", line),)
            else:
                state.arguments = state.arguments[int(count) :]
            state.status = True
        elif name == "set":
            if "--" in words:
                state.arguments = tuple(words[words.index("--") + 1 :])
            state.status = True
        elif name in {":", "true", "false"}:
            state.status = name != "false"
        elif name in {"test", "["}:
            state.status = test_words(words[1 : -1 if name == "[" else None])
        elif name in {"source", ".", "eval", "read", "mapfile", "readarray", "trap", "alias"}:
            if name not in {"trap", "alias"}:
                state.forget(line)
            self.remarks.append(Remark(name, " ".join(map(_said, words))[:80], line))
            state.status = None
        else:
            return False
        return True

    def _look_behind(self, rest: "list[Node]", state: State) -> None:
        """Keep what stands behind a call: it may have ended where it was not meant to."""
        way, found = state.copy(), list[Word]()
        way.ended = False
        for node in rest:
            if node.type not in SIMPLE:
                break
            found += command_words(self.source, node, self.expander, way)
        self.calls[-1] = replace(self.calls[-1], cut=tuple(found))


def _said(word: Word) -> str:
    return word.text if isinstance(word, Unknown) else word


def _arms_of(node: "Node") -> "list[tuple[list[Node], list[Node]]]":
    """Each arm of an `if`: its condition, empty for `else`, and its statements."""
    arms: list[tuple[list[Node], list[Node]]] = []
    condition: list[Node] = []
    body: list[Node] = []
    in_condition = True
    for child in node.children:
        if child.type == "then":
            in_condition = False
        elif child.type == "elif_clause":
            arms.append((condition, body))
            condition, body = [], []
            arms += _arms_of(child)
            continue
        elif child.type == "else_clause":
            arms += [(condition, body)] if condition or body else []
            arms.append(([], list(child.children)))
            return arms
        elif child.is_named:
            (condition if in_condition else body).append(child)
    if condition or body:
        arms.append((condition, body))
    return arms


def follow(content: bytes, arguments: Sequence[str], answers: Answers) -> Follower:
    """Follow a script that was called with `arguments`. Raises ShellError."""
    source = parse(content)
    follower = Follower(source, Expander(source, answers))
    state = State(arguments=tuple(arguments))
    follower.block(source.root.children, state, 0)
    return follower

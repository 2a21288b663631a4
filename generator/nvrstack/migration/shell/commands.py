"""Simple commands: bash's own, the script's functions, and programs, which are noted alone."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from nvrstack.migration.shell import rules
from nvrstack.migration.shell.conditions import verdict
from nvrstack.migration.shell.flow import LoopLeftError, ReturnedError, StoppedError
from nvrstack.migration.shell.reading import REDIRECTIONS, Span, assignment, expander, joined
from nvrstack.migration.shell.scope import Scope, Session, Value
from nvrstack.migration.shell.source import Source, nodes
from nvrstack.migration.shell.wrappers import unwrapped
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node

PROGRAMS = frozenset(
    {"docker", "docker-compose", "podman", "podman-compose", "nerdctl", "systemctl", "service"}
)
SHELLS = frozenset({"bash", "sh", "dash", "su", "eval", "xargs"})
ODD_ATTRIBUTES = frozenset("Ailnu")
"""Of declare: associative, integer, lower case, reference, upper case."""
MOST_WRAPPERS = 8
Status = bool | None
"""Whether a command succeeded, as far as that is known."""


@dataclass(frozen=True)
class Call:
    """A call of `program`: the words after it, and the line on which it is written."""

    argv: tuple[Word, ...]
    line: int
    program: str = "docker"


class Commands:
    """The state of one evaluation, and every simple command."""

    def __init__(self, source: Source, session: Session) -> None:
        self.source = source
        self.session = session
        self.calls: list[Call] = []
        self.asked = 0
        first = source.text.partition(b"\n")[0]
        self.fails_stop = re.match(rb"#!.*\s-[a-z]*e", first) is not None
        self.frames: list[dict[str, Value | None]] = []
        self.builtins: dict[str, Callable[[Sequence[Word], Scope], Status]] = {
            ":": lambda _, __: True,
            "true": lambda _, __: True,
            "false": lambda _, __: False,
            "test": lambda words, _: verdict(words),
            "[": lambda words, _: verdict(words[:-1]),
            "shift": self.shift,
            "set": self.set,
            "exit": self.exit,
            "return": self.returns,
            "break": lambda _, __: self.leave_loop(ends=True),
            "continue": lambda _, __: self.leave_loop(ends=False),
            "read": self.forget,
            "mapfile": self.forget,
            "readarray": self.forget,
            "getopts": self.forget,
            "let": self.forget,
            "printf": self.print_into,
        }

    def statement(self, node: "Node", scope: Scope) -> Status:
        """Any statement."""
        raise NotImplementedError

    def block(self, statements: list["Node"], scope: Scope) -> Status:
        """One statement after the other."""
        raise NotImplementedError

    def command(self, node: "Node", scope: Scope, redirected: "Node | None" = None) -> Status:
        """A simple command with its words."""
        around = redirected.children if redirected is not None else []
        beside = [child for child in [*node.children, *around] if child.type == "file_redirect"]
        leave_out = {"variable_assignment", "comment"} | REDIRECTIONS
        found = [child for child in node.children if child.type not in leave_out]
        # The parser counts words after a redirection's target to the redirection.
        for one in beside:
            found += one.children_by_field_name("destination")[1:]
        for one, other in pairwise(node.children):
            self.source.check_gap(one.end_byte, other.start_byte)
        spans = joined(self.source, sorted(found, key=lambda child: child.start_byte))
        line = node.start_point[0] + 1
        if spans:
            first = spans[0]
            line = first.line if isinstance(first, Unknown) else self.source.line(first[0])
        return self._started(self._words(spans, scope), scope, line)

    def _words(self, spans: list[Span], scope: Scope) -> tuple[Word, ...]:
        expanders = (expander(self.source, self.session, scope, span) for span in spans)
        return tuple(word for one in expanders for word in one.fields())

    def _started(self, words: tuple[Word, ...], scope: Scope, line: int) -> Status:
        is_last = False
        for _ in range(MOST_WRAPPERS):
            if not words:
                return None if is_last else True
            if words[0] not in scope.functions:
                inner = unwrapped(words)
                if inner is None:
                    break
                is_last = is_last or (words[0] == "exec" and inner != ())
                words = inner
        status = self._called(words, scope, line) if words else None
        if is_last:
            raise StoppedError
        return status

    def _called(self, words: tuple[Word, ...], scope: Scope, line: int) -> Status:
        name, arguments = words[0], words[1:]
        if isinstance(name, Unknown):
            if "run" in arguments:
                self._hidden(name.text, line)
            return None
        program = name.rpartition("/")[2]
        if name in scope.functions:
            return self._function(scope.functions[name], arguments, scope)
        if name in self.builtins:
            return self.builtins[name](arguments, scope)
        if program in PROGRAMS:
            self.calls.append(Call(arguments, line, program))
        elif name in {"eval", "source", "."}:
            shown = " ".join(w.text if isinstance(w, Unknown) else w for w in words)[:80]
            scope.cloud(Unknown(shown, line))
        if program in SHELLS and any("docker" in _text(word) for word in arguments):
            self._hidden(program, line)
        return False if name.startswith("-") else None

    def _hidden(self, text: str, line: int) -> None:
        self.session.note(rules.COMMAND_HIDDEN(line, text=text))

    def _function(self, body: "Node", arguments: tuple[Word, ...], scope: Scope) -> Status:
        before, scope.arguments = scope.arguments, arguments
        self.frames.append({})
        try:
            return self.statement(body, scope)
        except ReturnedError:
            return None
        finally:
            scope.arguments = before
            for name, value in self.frames.pop().items():
                self._put(scope, name, value)

    @staticmethod
    def _put(scope: Scope, name: str, value: Value | None) -> None:
        if value is None:
            scope.variables.pop(name, None)
        else:
            scope.variables[name] = value

    def declaration(self, node: "Node", scope: Scope) -> Status:
        """`export`, `declare`, `local`, `readonly`, `typeset`."""
        parts = [child for child in node.named_children if child.type != "comment"]
        options = [self.source.slice(p.start_byte, p.end_byte) for p in parts]
        odd = any(text[:1] == "-" and ODD_ATTRIBUTES & set(text) for text in options)
        is_local = node.children[0].type in {"local", "declare", "typeset"} and self.frames
        for part, text in zip(parts, options, strict=True):
            if text.startswith("-"):
                continue
            name = re.match(r"[A-Za-z_]\w*", text)
            if name is None:
                scope.cloud(Unknown(text, part.start_point[0] + 1))
                continue
            if is_local:
                self.frames[-1].setdefault(name.group(), scope.variables.get(name.group()))
            if part.type == "variable_assignment":
                assignment(self.source, self.session, scope, part)
            elif is_local:
                scope.variables.pop(name.group(), None)
            if odd:
                scope.variables[name.group()] = Unknown(text, part.start_point[0] + 1)
        return True

    def unset(self, node: "Node", scope: Scope) -> Status:
        """`unset name`."""
        for child in node.named_children:
            text = self.source.slice(child.start_byte, child.end_byte)
            if re.fullmatch(r"[A-Za-z_]\w*", text):
                scope.variables.pop(text, None)
                scope.functions.pop(text, None)
            elif text not in {"-v", "-f"}:
                scope.cloud(Unknown(text, child.start_point[0] + 1))
        return True

    def forget_names_in(self, node: "Node", scope: Scope) -> None:
        """What arithmetic may have changed."""
        for child in nodes(node):
            if child.type == "variable_name":
                text = self.source.slice(child.start_byte, child.end_byte)
                scope.variables[text] = Unknown(text, child.start_point[0] + 1)

    def forget(self, words: Sequence[Word], scope: Scope) -> Status:
        """Builtins that give variables values from elsewhere."""
        for word in [*words, "REPLY", "MAPFILE", "OPTARG"]:
            if isinstance(word, Unknown):
                scope.cloud(word)
                continue
            for name in re.findall(r"[A-Za-z_]\w*", word):
                scope.variables[name] = Unknown(f"${name}", 0)
        return None

    def print_into(self, words: Sequence[Word], scope: Scope) -> Status:
        """`printf -v name`."""
        return self.forget(words[1:2], scope) if words[:1] == ("-v",) else True

    def shift(self, words: Sequence[Word], scope: Scope) -> Status:
        """`shift`, `shift 2`."""
        count = words[0] if words else "1"
        if isinstance(count, Unknown) or not re.fullmatch("[0-9]{1,4}", count):
            scope.arguments = (Unknown("shift", 0),)
            return None
        if any(isinstance(word, Unknown) for word in scope.arguments[: int(count)]):
            return None
        if int(count) > len(scope.arguments):
            return False
        scope.arguments = scope.arguments[int(count) :]
        return True

    def set(self, words: Sequence[Word], scope: Scope) -> Status:
        """`set -e`, `set -euo pipefail`, `set -- words`."""
        at = 0
        while at < len(words):
            word = words[at]
            if isinstance(word, Unknown) or word == "--" or word[:1] not in {"-", "+"}:
                scope.arguments = tuple(words[at + 1 if word == "--" else at :])
                return True
            names = word[1:]
            if "o" in names:
                at += 1
                names += "e" if words[at : at + 1] == ("errexit",) else ""
            if "e" in names:
                self.fails_stop = word[0] == "-"
            at += 1
        return True

    def exit(self, words: Sequence[Word], scope: Scope) -> Status:
        """`exit`."""
        raise StoppedError

    def returns(self, words: Sequence[Word], scope: Scope) -> Status:
        """`return`; outside a function bash goes on."""
        if not self.frames:
            return False
        raise ReturnedError

    def leave_loop(self, *, ends: bool) -> Status:
        """`break` and `continue`."""
        raise LoopLeftError(ends=ends)


def _text(word: Word) -> str:
    return word.text if isinstance(word, Unknown) else word

"""Simple commands: bash's own, the script's functions, and programs, which are noted alone."""

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from nvrstack.migration.shell import rules
from nvrstack.migration.shell.builtins import BUILTINS
from nvrstack.migration.shell.flow import ReturnedError, StoppedError
from nvrstack.migration.shell.reading import REDIRECTIONS, assignment, joined
from nvrstack.migration.shell.scope import Scope
from nvrstack.migration.shell.source import nodes
from nvrstack.migration.shell.sourced import sourced
from nvrstack.migration.shell.walk import Call, Status, Walk
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


def command(walk: Walk, node: "Node", scope: Scope, redirected: "Node | None" = None) -> Status:
    """A simple command with its words."""
    around = redirected.children if redirected is not None else []
    beside = [child for child in [*node.children, *around] if child.type == "file_redirect"]
    leave_out = {"variable_assignment", "comment"} | REDIRECTIONS
    found = [child for child in node.children if child.type not in leave_out]
    # The parser counts words after a redirection's target to the redirection.
    for one in beside:
        found += one.children_by_field_name("destination")[1:]
    for one, other in pairwise(node.children):
        walk.source.check_gap(one.end_byte, other.start_byte)
    spans = joined(walk.source, sorted(found, key=lambda child: child.start_byte))
    line = node.start_point[0] + 1
    if spans:
        first = spans[0]
        line = first.line if isinstance(first, Unknown) else walk.source.line(first[0])
    return _started(walk, walk.words(scope, spans), scope, line)


def _started(walk: Walk, words: tuple[Word, ...], scope: Scope, line: int) -> Status:
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
    status = _called(walk, words, scope, line) if words else None
    if is_last:
        raise StoppedError
    return status


def _called(walk: Walk, words: tuple[Word, ...], scope: Scope, line: int) -> Status:
    name, arguments = words[0], words[1:]
    if isinstance(name, Unknown):
        if "run" in arguments:
            _hidden(walk, name.text, line)
        return None
    program = name.rpartition("/")[2]
    if name in scope.functions:
        return _function(walk, scope.functions[name], arguments, scope)
    if name in BUILTINS:
        return BUILTINS[name](walk, arguments, scope)
    if program in PROGRAMS:
        walk.calls.append(Call(arguments, line, program))
    elif name in {"eval", "source", "."}:
        here = Unknown(" ".join(map(_text, words))[:80], line)
        if name != "eval":
            return sourced(walk, arguments, scope, here)
        scope.cloud(here)
    if program in SHELLS and any("docker" in _text(word) for word in arguments):
        _hidden(walk, program, line)
    return False if name.startswith("-") else None


def _hidden(walk: Walk, text: str, line: int) -> None:
    walk.session.note(rules.COMMAND_HIDDEN(line, text=text))


def _function(walk: Walk, body: "Node", arguments: tuple[Word, ...], scope: Scope) -> Status:
    before, scope.arguments = scope.arguments, arguments
    walk.frames.append({})
    try:
        return walk.statement(body, scope)
    except ReturnedError:
        return None
    finally:
        scope.arguments = before
        for name, value in walk.frames.pop().items():
            if value is None:
                scope.variables.pop(name, None)
            else:
                scope.variables[name] = value


def declaration(walk: Walk, node: "Node", scope: Scope) -> Status:
    """`export`, `declare`, `local`, `readonly`, `typeset`."""
    parts = [child for child in node.named_children if child.type != "comment"]
    options = [walk.source.slice(p.start_byte, p.end_byte) for p in parts]
    odd = any(text[:1] == "-" and ODD_ATTRIBUTES & set(text) for text in options)
    is_local = node.children[0].type in {"local", "declare", "typeset"} and walk.frames
    for part, text in zip(parts, options, strict=True):
        if text.startswith("-"):
            continue
        name = re.match(r"[A-Za-z_]\w*", text)
        if name is None:
            scope.cloud(Unknown(text, part.start_point[0] + 1))
            continue
        if is_local:
            walk.frames[-1].setdefault(name.group(), scope.variables.get(name.group()))
        if part.type == "variable_assignment":
            assignment(walk.source, walk.session, scope, part)
        elif is_local:
            scope.variables.pop(name.group(), None)
        if odd:
            scope.variables[name.group()] = Unknown(text, part.start_point[0] + 1)
    return True


def unset(walk: Walk, node: "Node", scope: Scope) -> Status:
    """`unset name`."""
    for child in node.named_children:
        text = walk.source.slice(child.start_byte, child.end_byte)
        if re.fullmatch(r"[A-Za-z_]\w*", text):
            scope.variables.pop(text, None)
            scope.functions.pop(text, None)
        elif text not in {"-v", "-f"}:
            scope.cloud(Unknown(text, child.start_point[0] + 1))
    return True


def forget_names_in(walk: Walk, node: "Node", scope: Scope) -> None:
    """What arithmetic may have changed."""
    for child in nodes(node):
        if child.type == "variable_name":
            text = walk.source.slice(child.start_byte, child.end_byte)
            scope.variables[text] = Unknown(text, child.start_point[0] + 1)


def _text(word: Word) -> str:
    return word.text if isinstance(word, Unknown) else word

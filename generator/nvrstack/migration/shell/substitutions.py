"""The few command substitutions that are answered, by ourselves and from given values."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from nvrstack.migration.install import User
from nvrstack.migration.shell.source import Source, line_of
from nvrstack.migration.shell.source import field as role
from nvrstack.migration.shell.state import State
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node

TIMEZONE = "/etc/timezone"


@dataclass(frozen=True)
class Answers:
    """What the host's files say: users of passwd(5) by name, and the text of /etc/timezone.

    `users` is None where there is no such file.
    """

    users: Mapping[str, User] = field(default_factory=dict)
    timezone: str | None = None


class Words(Protocol):
    """Expands an argument."""

    def words(self, node: "Node", state: State) -> list[Word]:
        """The fields that an argument becomes."""


def substituted(
    source: Source, node: "Node", answers: Answers, expander: Words, state: State
) -> Word:
    """What `$(…)` or backquotes stand for, without their last line breaks; or unknown."""
    unknown = Unknown(source.of(node), line_of(node))
    inner = [c for c in node.named_children if c.type != "comment"]
    if len(inner) != 1:
        return unknown
    (only,) = inner
    if only.type == "file_redirect":
        return _file(_destination(source, only), answers) or unknown
    if only.type != "command":
        return unknown
    found = [word for child in only.named_children for word in _words(child, expander, state)]
    if any(isinstance(word, Unknown) for word in found):
        return unknown
    return _answer([str(word) for word in found], answers) or unknown


def _words(node: "Node", expander: Words, state: State) -> list[Word]:
    if node.type == "variable_assignment":
        return [Unknown("", line_of(node))]
    return expander.words(node.named_children[0] if node.type == "command_name" else node, state)


def _answer(words: list[str], answers: Answers) -> str | None:
    program = posixpath.basename(words[0]) if words else ""
    if program == "cat" and len(words) == 2:
        return _file(words[1], answers)
    if program != "id":
        return None
    flags = [word for word in words[1:] if word.startswith("-")]
    names = [word for word in words[1:] if not word.startswith("-")]
    if len(flags) != 1 or len(names) != 1 or flags[0] not in {"-u", "-g", "--user", "--group"}:
        return None
    user = answers.users.get(names[0])
    if user is None:
        return None
    return str(user.uid if flags[0] in {"-u", "--user"} else user.gid)


def _file(path: str, answers: Answers) -> str | None:
    if path != TIMEZONE or answers.timezone is None:
        return None
    return answers.timezone.rstrip("\n")


def _destination(source: Source, redirect: "Node") -> str:
    place = role(redirect, "destination")
    mark = [c for c in redirect.children if not c.is_named]
    if place is None or len(mark) != 1 or mark[0].type != "<":
        return ""
    return source.of(place)

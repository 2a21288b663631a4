"""The text of a script and its syntax tree, with bounds on both.

tree-sitter-bash departs from bash in three places, which are evened out in the text that it gets.
The replacements are as long as what they replace, and every word is cut from the true text.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

LONGEST = 1024 * 1024
"""Bytes. Upstream's script has less than 3,000."""
MOST_LINES = 5_000
PATIENCE = 1.5
"""Seconds; a script takes a millisecond, but the parser's time can grow with the square."""
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
BLANK_ESCAPED = re.compile(rb"(?<!\\)((?:\\\\)*)\\[ \t]")
BLANK_ESCAPED_AT_END = re.compile(rb"(?<!\\)((?:\\\\)*)\\[ \t](?=[ \t]*$)", re.MULTILINE)
NOTHING_ASSIGNED = re.compile(rb"=\\\n(?=[ \t]*\n)")
BETWEEN_WORDS = re.compile(rb"(?:[ \t]|\\\n)*")
FLAG_ASSIGNED = re.compile(rb"-[^\s=]*=")


class ShellError(Exception):
    """A text that is not read, with the reason and the line."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(frozen=True)
class Source:
    """A script that the parser understands as a whole.

    Raises ShellError for texts that are too long, no text, or no bash.
    """

    text: bytes

    def __post_init__(self) -> None:
        if len(self.text) > LONGEST:
            raise ShellError(f"is larger than {LONGEST // 1024} KiB, which no such script is")
        if self.text.count(b"\n") > MOST_LINES:
            raise ShellError(f"has more than {MOST_LINES} lines, which no such script has")
        if BINARY.search(self.text):
            raise ShellError("is no text")

    @cached_property
    def tree(self) -> "Tree":
        """The syntax tree, free of errors.

        A flag in a command's place, `--name=x`, is a word to bash and an assignment to the parser;
        an escaped blank before a blank is part of a word to bash and nothing to the parser; where
        an assigned value goes on in the next line, which is empty, the parser goes on to the one
        after that.
        """
        text = NOTHING_ASSIGNED.sub(b"=xx", BLANK_ESCAPED.sub(rb"\1xx", self.text))
        tree = _parsed(text)
        flags = [n for n in nodes(tree.root_node) if n.type == "variable_assignment"]
        flags = [node for node in flags if text[node.start_byte :].startswith(b"-")]
        for node in flags:
            found = FLAG_ASSIGNED.match(text, node.start_byte)
            if found:
                text = text[: found.end() - 1] + b"x" + text[found.end() :]
        return _parsed(text) if flags else tree

    def slice(self, start: int, end: int) -> str:
        """The text between two bytes."""
        return self.text[start:end].decode(errors="replace")

    def check_gap(self, start: int, end: int) -> None:
        """Raise ShellError where bash ends a command between two of its parts."""
        between = self.text[start:end]
        if not BETWEEN_WORDS.fullmatch(between):
            raise ShellError("is no bash that can be read without running it", self.line(start))

    def line(self, position: int) -> int:
        """The line of a byte, counted from 1."""
        return self.text.count(b"\n", 0, position) + 1


def nodes(top: "Node") -> Iterator["Node"]:
    """Every node of a tree in the order of the text, however deep it is."""
    cursor = top.walk()
    while True:
        if cursor.node is not None:
            yield cursor.node
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _parsed(text: bytes) -> "Tree":
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    parser = Parser(Language(tree_sitter_bash.language()))
    deadline = time.monotonic() + PATIENCE
    failed_at: list[int] = []

    def give_up(position: int, has_error: bool) -> bool:  # noqa: FBT001 - the parser's signature
        if has_error or time.monotonic() > deadline:
            failed_at.append(position)
        return bool(failed_at)

    try:
        tree = parser.parse(
            lambda position, _: text[position : position + 65536], progress_callback=give_up
        )
    except ValueError as error:
        line = text.count(b"\n", 0, failed_at[-1] if failed_at else 0) + 1
        raise ShellError("is no bash that can be read without running it", line) from error
    if tree.root_node.has_error:
        line = next(
            (n.start_point[0] + 1 for n in nodes(tree.root_node) if n.is_error or n.is_missing), 1
        )
        raise ShellError("is no bash that can be read without running it", line)
    return tree

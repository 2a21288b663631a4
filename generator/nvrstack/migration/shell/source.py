"""The text of a script and its syntax tree, within bounds that no real script comes near."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

LONGEST = 64 * 1024
"""Bytes. The longest script of upstream's had 3 KiB."""
MOST_LINES = 2000
DEEPEST = 100
"""Statements and words inside one another."""
SWALLOWED = re.compile(rb"\\[ \t]")


class ShellError(Exception):
    """The script cannot be understood; the text says why, in half a sentence."""


@dataclass(frozen=True)
class Source:
    """A parsed script."""

    text: bytes
    root: "Node"

    def of(self, node: "Node") -> str:
        """The text of a node."""
        return self.text[node.start_byte : node.end_byte].decode(errors="replace")

    def between(self, one: int, other: int) -> str:
        """The text between two byte offsets."""
        return self.text[one:other].decode(errors="replace")


def parse(content: bytes) -> Source:
    """Parse a script. Raises ShellError for one that is too long or no text."""
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    if len(content) > LONGEST:
        raise ShellError(f"is longer than {LONGEST // 1024} KiB")
    if content.count(b"\n") > MOST_LINES:
        raise ShellError(f"has more than {MOST_LINES} lines")
    if b"\0" in content:
        raise ShellError("is no text")
    tree = Parser(Language(tree_sitter_bash.language())).parse(content)
    return Source(content, tree.root_node)


def line_of(node: "Node") -> int:
    """The number of a node's first line, from 1."""
    return int(node.start_point[0]) + 1


def field(node: "Node", name: str) -> "Node | None":
    """The child that has a role in its node, such as the body of a loop."""
    return node.child_by_field_name(name)


def bad_lines(root: "Node") -> tuple[int, ...]:
    """The lines at which the grammar gave up, at most ten."""
    found: list[int] = []
    left = [root]
    while left and len(found) < 10:
        node = left.pop()
        if node.type == "ERROR" or node.is_missing:
            found.append(line_of(node))
        elif node.has_error:
            left.extend(reversed(node.children))
    return tuple(sorted(set(found)))

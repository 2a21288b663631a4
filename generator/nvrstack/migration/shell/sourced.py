"""`source FILE`: a file of plain assignments counts as if it stood in the script."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from nvrstack.migration.shell.reading import assignment
from nvrstack.migration.shell.scope import Scope
from nvrstack.migration.shell.source import ShellError, Source
from nvrstack.migration.shell.walk import Status, Walk
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node

NONE = b"cat"
"""What no file at all is read as: no assignments."""
EXPORTING = frozenset({"set -a", "set +a", "set -o allexport", "set +o allexport"})
"""Commands that only say whether what is assigned is exported."""


def sourced(walk: Walk, words: Sequence[Word], scope: Scope, here: Unknown) -> Status:
    """Take the file's assignments in; without them no variable is known any more."""
    path = words[0] if len(words) == 1 else None
    if isinstance(path, str) and path.startswith("/"):
        text = walk.session.text_of(path)
        with suppress(ShellError):
            source = Source(NONE if text is None else text.encode())
            found = list(_assignments(source))
            for one in found:
                assignment(source, walk.session, scope, one)
            return True
    scope.cloud(here)
    return None


def _assignments(source: Source) -> Iterator["Node"]:
    """The assignments of a file, in order. Raises ShellError where it has anything else."""
    for node in source.tree.root_node.named_children:
        text = source.slice(node.start_byte, node.end_byte)
        if node.type == "comment" or " ".join(text.split()) in EXPORTING:
            continue
        if node.type == "variable_assignment":
            yield node
        elif node.type == "variable_assignments" or text.startswith("export "):
            inside = [child for child in node.named_children if child.type != "variable_name"]
            if any(child.type != "variable_assignment" for child in inside):
                raise ShellError("has more than assignments", node.start_point[0] + 1)
            yield from inside
        else:
            raise ShellError("has more than assignments", node.start_point[0] + 1)

"""Statements that are followed more than once: `for`, `while`, `until`."""

from typing import TYPE_CHECKING

from nvrstack.migration.shell.branching import Branches
from nvrstack.migration.shell.commands import Status
from nvrstack.migration.shell.flow import LoopLeftError
from nvrstack.migration.shell.reading import commands_in, expander, word_spans
from nvrstack.migration.shell.scope import Scope
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node


class Loops(Branches):
    """What repeats statements."""

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

"""Words of a script and what they expand to (bash(1), EXPANSION), as far as text alone tells."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nvrstack.migration.shell.fields import Fields
from nvrstack.migration.shell.parameters import operated
from nvrstack.migration.shell.source import ShellError, Source, field, line_of
from nvrstack.migration.shell.state import State, Value
from nvrstack.migration.shell.substitutions import Answers, substituted
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_WORDS = 20_000
SEVERAL = re.compile(r"(?<!\\)(?:[*?\[]|\{[^}]*(?:,|\.\.)[^}]*\})")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}


@dataclass
class Expander:
    """Expands the words of one script; `answers` are what a few harmless programs would say.

    Raises ShellError when the script makes too much of too little.
    """

    source: Source
    answers: Answers
    count: int = 0

    def words(self, node: "Node", state: State) -> list[Word]:
        """The fields that an argument becomes."""
        self.count += 1
        if self.count > MOST_WORDS:
            raise ShellError("expands to too much")
        if self._names_several(node):
            return [self._unknown(node)]
        fields = Fields()
        self._add(node, state, fields, quoted=False)
        return fields.words(self.source.of(node), line_of(node))

    def text(self, node: "Node | None", state: State) -> Word:
        """The value that a word has where nothing is split: an assignment's, a pattern's."""
        if node is None:
            return ""
        fields = Fields()
        self._add(node, state, fields, quoted=True)
        found = fields.words(self.source.of(node), line_of(node))
        if any(isinstance(word, Unknown) for word in found):
            return self._unknown(node)
        return " ".join(str(word) for word in found)

    def _add(self, node: "Node", state: State, fields: Fields, *, quoted: bool) -> None:
        kind = node.type
        if kind in {"word", "number", "variable_name", "special_variable_name", "regex",
                    "extglob_pattern", "test_operator"}:  # fmt: skip
            self._add_plain(node, state, fields)
        elif kind == "raw_string":
            fields.literal(self.source.of(node)[1:-1])
        elif kind == "ansi_c_string":
            fields.literal(self._ansi(node))
        elif kind in {"string", "translated_string"}:
            self._add_string(node, state, fields)
        elif kind in {"concatenation", "command_name"}:
            self._add_parts(node, state, fields, quoted=quoted)
        elif kind in {"simple_expansion", "expansion"}:
            self._add_value(node, state, fields, quoted=quoted)
        elif kind == "command_substitution":
            told = substituted(self.source, node, self.answers, self, state)
            add = fields.literal if quoted else fields.split
            add(told)
        else:
            # Arithmetic, process substitution, an error: nothing that text alone tells.
            fields.literal(self._unknown(node))

    def _add_plain(self, node: "Node", state: State, fields: Fields) -> None:
        text = self.source.of(node)
        if text == "~" or text.startswith("~/"):
            fields.literal(self._unknown(node))
        else:
            fields.literal(re.sub(r"\\(\n|.)", lambda m: "" if m[1] == "\n" else m[1], text,
                                  flags=re.DOTALL))  # fmt: skip

    def _add_parts(self, node: "Node", state: State, fields: Fields, *, quoted: bool) -> None:
        parts = node.children
        # Braces make several words of one, which nobody needs in such a script.
        if any(self.source.of(part) == "{" for part in parts):
            fields.literal(self._unknown(node))
            return
        for part in parts:
            self._add(part, state, fields, quoted=quoted)

    def _add_string(self, node: "Node", state: State, fields: Fields) -> None:
        # An empty string is a field of its own; one that only holds "$@" may be none.
        inside = [c for c in node.children if c.type not in {'"', '$"'}]
        if not (len(inside) == 1 and self._is_list(inside[0])):
            fields.literal("")
        at = node.children[0].end_byte
        for child in inside:
            self._add_quoted(self.source.between(at, child.start_byte), fields)
            if child.type == "string_content":
                self._add_quoted(self.source.of(child), fields)
            else:
                self._add(child, state, fields, quoted=True)
            at = child.end_byte
        self._add_quoted(self.source.between(at, node.children[-1].start_byte), fields)

    def _add_quoted(self, text: str, fields: Fields) -> None:
        if text:
            fields.literal(re.sub(r'\\([$`"\\\n])', lambda m: m[1].strip("\n"), text))

    def _add_value(self, node: "Node", state: State, fields: Fields, *, quoted: bool) -> None:
        value = self.value(node, state)
        if isinstance(value, tuple):
            if quoted and self._is_list(node):
                fields.each(value)
                return
            for index, word in enumerate(value):
                if index:
                    fields.end() if not quoted else fields.literal(" ")
                (fields.literal if quoted else fields.split)(word)
        elif quoted:
            fields.literal(value)
        else:
            fields.split(value)

    def value(self, node: "Node", state: State) -> Value:
        """What `$x`, `${x…}` or `${x[…]}` stands for."""
        line = line_of(node)
        name, index, operator, rest = self._parameter(node)
        if name is None:
            return self._unknown(node)
        found = self._named(name, index, state, line)
        if operator is None:
            return _plain(found)
        if operator == "":
            return self._unknown(node)
        return operated(found, operator, lambda: self._rest(rest, state), self._unknown(node))

    def _parameter(self, node: "Node") -> tuple[str | None, str | None, str | None, "list[Node]"]:
        """The parts of an expansion: its name, index, operator, and what follows that.

        The operator is None where there is none, and empty for one that is not understood.
        """
        children = [c for c in node.children if c.type not in {"$", "${", "}"}]
        if not children:
            return None, None, None, []
        first, rest = children[0], children[1:]
        if first.type == "subscript":
            name, place = field(first, "name"), field(first, "index")
            known = name is not None and place is not None
            index = self.source.of(place) if known and place is not None else None
            told = self.source.of(name) if known and name is not None else None
        elif first.type in {"variable_name", "special_variable_name", "number"}:
            told, index = self.source.of(first), None
        else:
            return None, None, None, []
        if not rest:
            return told, index, None, []
        return told, index, self.source.of(rest[0]), rest[1:]

    def _named(self, name: str, index: str | None, state: State, line: int) -> Value | None:
        if name.isdigit() or name in {"@", "*", "#"}:
            return _argument(name, state, line)
        if not name.isidentifier():
            return Unknown(f"${name}", line)
        found = state.value(name, line)
        if index is None:
            return (found[0] if found else None) if isinstance(found, tuple) else found
        if index in {"@", "*"}:
            return found if isinstance(found, tuple | Unknown) else _array(found)
        return _at(found, index, line, name)

    def _rest(self, nodes: "list[Node]", state: State) -> Word:
        """The word behind an operator such as `:-`."""
        if not nodes:
            return ""
        texts = [self.text(node, state) for node in nodes]
        unknown = next((text for text in texts if isinstance(text, Unknown)), None)
        return unknown if unknown is not None else "".join(str(text) for text in texts)

    def _is_list(self, node: "Node") -> bool:
        return self.source.of(node) in {"$@", "${@}"} or (
            node.type == "expansion" and bool(re.fullmatch(r"\$\{\w+\[@\]\}", self.source.of(node)))
        )

    def _names_several(self, node: "Node") -> bool:
        """Whether braces make several words of one, or a pattern stands for names of files."""
        plain = [node] if node.type in {"word", "extglob_pattern"} else []
        if node.type == "concatenation":
            plain = [part for part in node.children if part.type in {"word", "extglob_pattern"}]
        return any(SEVERAL.search(self.source.of(part)) for part in plain)

    def _ansi(self, node: "Node") -> Word:
        text = self.source.of(node)[2:-1]
        if re.search(r"\\[0-9xuUcN]", text):
            return self._unknown(node)
        return re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), text, flags=re.DOTALL)

    def _unknown(self, node: "Node") -> Unknown:
        return Unknown(self.source.of(node), line_of(node))

    def elements(self, array: "Node", state: State) -> Iterator[Word]:
        """The words between the parentheses of an array."""
        for child in array.named_children:
            if child.type != "comment":
                yield from self.words(child, state)


def _argument(name: str, state: State, line: int) -> Value | None:
    """A positional parameter, all of them, or their number."""
    if name in {"@", "*"}:
        return state.arguments
    if name == "0" or any(isinstance(word, Unknown) for word in state.arguments):
        return Unknown(f"${name}", line)
    if name == "#":
        return str(len(state.arguments))
    place = int(name)
    return state.arguments[place - 1] if place <= len(state.arguments) else None


def _array(found: Value | None) -> tuple[Word, ...]:
    if isinstance(found, tuple):
        return found
    return () if found is None else (found,)


def _plain(found: Value | None) -> Value:
    return "" if found is None else found


def _at(found: Value | None, index: str, line: int, name: str) -> Value | None:
    values = _array(found)
    if isinstance(found, Unknown) or not re.fullmatch(r"-?\d+", index):
        return Unknown(f"${{{name}[{index}]}}", line)
    place = int(index)
    return values[place] if -len(values) <= place < len(values) else None

"""A shell word's value: bash's expansions in bash's order, see bash(1), EXPANSION."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nvrstack.migration.shell.arithmetic import sum_of
from nvrstack.migration.shell.lexer import (
    Command,
    Literal,
    Opaque,
    Parameter,
    Part,
    UnreadableError,
    parts_of,
    words_of,
)
from nvrstack.migration.shell.parameter import Expansion, Within, parameter
from nvrstack.migration.shell.scope import Scope, Session
from nvrstack.migration.shell.source import ShellError
from nvrstack.migration.shell.substitution import TIMEZONE, output_of
from nvrstack.migration.words import Unknown, Word

DEEPEST = 20
BRACES = re.compile(r"\{[^{}]*(,|\.\.)[^{}]*\}")
TILDE = re.compile(r"~|[A-Za-z_]\w*\+?=(.*:)?~")
TILDE_ASSIGNED = re.compile(r"(.*:)?~")
PATTERN = re.compile(r"[*?]|\[.*\]", re.DOTALL)
CD_AND_PWD = re.compile(
    r"cd\s+(?:--\s+)?(?P<place>[^;&]+?)\s*(?:&?>\s*/dev/null\s*(?:2>&1\s*)?)?(?:&&|;)\s*pwd(?:\s+-L)?"
)
"""How scripts ask for the whole path of a directory."""
BLANKS = re.compile(r"([ \t\n]+)")


@dataclass
class _Field:
    """One word in the making. `is_element` where it is an array's element and nothing else."""

    pieces: list[Word] = field(default_factory=list)
    pattern: str = ""
    is_element: bool = False

    def add(self, piece: Word, *, quoted: bool, is_element: bool = False) -> None:
        self.is_element = is_element and not self.pieces
        self.pieces.append(piece)
        self.pattern += "x" if quoted or isinstance(piece, Unknown) else piece


@dataclass(frozen=True)
class Expander:
    """Expands words in one scope. `here` is the word as it is written, and where."""

    scope: Scope
    session: Session
    here: Unknown
    depth: int = 0

    def fields(self) -> tuple[Word, ...]:
        """The words that a command receives for this one: none, one or many."""
        parts = self._parts()
        skeleton = _skeleton(parts)
        if parts is None or BRACES.search(skeleton) or TILDE.match(skeleton):
            return (self.here,)
        return self._split(parts)

    def value(self) -> Word:
        """The value that a variable is given: nothing is split."""
        parts = self._parts()
        if parts is None or TILDE_ASSIGNED.match(_skeleton(parts)):
            return self.here
        return self._joined(parts)

    def pattern(self) -> str | None:
        """What fnmatch() takes for a `case` pattern; None where it is not known."""
        parts = self._parts()
        text = ""
        for part in parts or ():
            value = self._joined((part,))
            if isinstance(value, Unknown):
                return None
            if part.quoted:
                value = re.sub(r"([*?[])", r"[\1]", value)
            elif "[" in value:
                return None
            text += value
        return None if parts is None or TILDE.match(text) else text

    def inner(self, text: str, *, quoted: bool) -> Word | tuple[Word, ...]:
        """The operand of `${x:-operand}`: one value in quotes, fields elsewhere."""
        if self.depth >= DEEPEST:
            raise ShellError("nests expansions too deeply", self.here.line)
        deeper = Expander(self.scope, self.session, self.here, self.depth + 1)
        try:
            parts = parts_of(text, quoted)
        except UnreadableError:
            return self.here
        if not quoted and (text != text.strip() or TILDE.match(_skeleton(parts))):
            return self.here
        return deeper._joined(parts) if quoted else deeper._split(parts)

    def _parts(self) -> tuple[Part, ...] | None:
        try:
            return parts_of(self.here.text)
        except UnreadableError:
            return None

    def _joined(self, parts: Sequence[Part]) -> Word:
        text: list[str] = []
        for part in parts:
            expansion = self._expansion(part)
            items = [item for value in expansion.items for item in [" ", value]][1:]
            for item in items:
                if isinstance(item, Unknown):
                    return self.session.unknown(self.here.text, self.here.line, item)
                text.append(item)
        return "".join(text)

    def _split(self, parts: Sequence[Part]) -> tuple[Word, ...]:
        found: list[_Field] = []
        current: _Field | None = None
        for part in parts:
            expansion = self._expansion(part)
            whole = part.quoted or expansion.is_split
            for index, value in enumerate(expansion.items):
                item = value
                if index:
                    current = None
                if not whole and "IFS" in self.scope.variables and not isinstance(part, Literal):
                    item = Unknown(self.here.text, self.here.line)
                if whole or isinstance(item, Unknown):
                    current = self._grown(found, current)
                    is_element = expansion.is_list and part.quoted
                    current.add(item, quoted=whole, is_element=is_element)
                    continue
                for piece in BLANKS.split(item):
                    if piece.isspace():
                        current = None
                    elif piece:
                        current = self._grown(found, current)
                        current.add(piece, quoted=False)
        return tuple(self._finished(one) for one in found)

    @staticmethod
    def _grown(found: list[_Field], current: _Field | None) -> _Field:
        if current is None:
            current = _Field()
            found.append(current)
        return current

    def _finished(self, one: _Field) -> Word:
        causes = [piece for piece in one.pieces if isinstance(piece, Unknown)]
        if causes and one.is_element and len(one.pieces) == 1:
            return causes[0]
        if causes:
            return self.session.unknown(self.here.text, self.here.line, causes[0])
        text = "".join(str(piece) for piece in one.pieces)
        self.session.spend(len(text), self.here.line)
        # No file is named like an option in practice, and what matches no file stays as it is.
        if PATTERN.search(one.pattern) and not text.startswith("-"):
            return self.here
        return text

    def _expansion(self, part: Part) -> Expansion:
        match part:
            case Literal():
                return Expansion((part.text,))
            case Parameter():
                within = Within(self.scope, self.session, self.here.line, self.inner)
                found = parameter(part, within)
                for item in found.items:
                    self.session.spend(
                        0 if isinstance(item, Unknown) else len(item), self.here.line
                    )
                return found
            case Command():
                return Expansion((self._output(part),))
            case Opaque():
                known = sum_of(part.text, self.scope)
                return Expansion((known or Unknown(part.text, self.here.line),))

    def _output(self, command: Command) -> Word:
        here = Unknown(f"$({command.text})", self.here.line)
        text = command.text.strip()
        if text.startswith("<") and text[1:].strip() == TIMEZONE:
            text = f"cat {TIMEZONE}"
        entered = CD_AND_PWD.fullmatch(text)
        try:
            texts = words_of(entered["place"] if entered else text)
        except UnreadableError:
            return here
        if texts is None or self.depth >= DEEPEST or "IFS" in self.scope.variables:
            return here
        expanders = (
            Expander(self.scope, self.session, Unknown(one, self.here.line), self.depth + 1)
            for one in texts
        )
        words = tuple(word for one in expanders for word in one.fields())
        if entered is None:
            return output_of(words, self.scope, self.session, here)
        place = words[0] if len(words) == 1 else None
        whole = (
            isinstance(place, str) and place.startswith("/") and "cd" not in self.scope.functions
        )
        return posixpath.normpath(str(place)) if whole else here


def _skeleton(parts: Sequence[Part] | None) -> str:
    """The unquoted literal text, with a letter for everything else."""
    return "".join(
        part.text if isinstance(part, Literal) and not part.quoted else "x" for part in parts or ()
    )

"""Fields of an expanded word: what bash calls word splitting (bash(1), Word Splitting)."""

from collections.abc import Iterable

from nvrstack.migration.words import Unknown, Word

BLANKS = " \t\n"
PATTERN = frozenset("*?[")
LONGEST = 64 * 1024
"""Characters of one field; doubling variables would fill the memory otherwise."""


class Fields:
    """Collects the parts of one word into any number of fields."""

    def __init__(self) -> None:
        self._done: list[list[Word]] = []
        self._open: list[Word] | None = None

    def literal(self, text: Word) -> None:
        """Text that is never split: unquoted by nature, or quoted."""
        if self._open is None:
            self._open = []
        if text != "":
            self._open.append(text)

    def split(self, text: Word) -> None:
        """What an unquoted expansion gave: blanks end a field."""
        if isinstance(text, Unknown) or PATTERN.intersection(text):
            # What an unquoted pattern gives depends on the files that there are.
            self.literal(text if isinstance(text, Unknown) else Unknown(text, 0))
            return
        if text[:1] in BLANKS and text:
            self.end()
        for index, part in enumerate(text.split()):
            if index:
                self.end()
            self.literal(part)
        if text[-1:] in BLANKS and text:
            self.end()

    def each(self, values: Iterable[Word]) -> None:
        """What a quoted `"$@"` or `"${array[@]}"` gave: a field each, and none for none."""
        for index, value in enumerate(values):
            if index:
                self.end()
            self.literal(value)

    def end(self) -> None:
        """End the present field, if there is one."""
        if self._open is not None:
            self._done.append(self._open)
            self._open = None

    def words(self, source: str, line: int) -> list[Word]:
        """The fields; one with an unknown part is unknown, and has the word's own text."""
        self.end()
        return [_joined(parts, source, line) for parts in self._done]


def _joined(parts: list[Word], source: str, line: int) -> Word:
    known = [part for part in parts if isinstance(part, str)]
    if len(known) < len(parts):
        return Unknown(source, line)
    text = "".join(known)
    return text if len(text) <= LONGEST else Unknown(source[:80], line)

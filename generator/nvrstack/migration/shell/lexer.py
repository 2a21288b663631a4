"""The parts of a shell word: what is literal, and what bash would put in its place.

The rules are those of bash(1), sections QUOTING and EXPANSION.
"""

import re
from dataclasses import dataclass

DEEPEST = 20
LONGEST_WORD = 65_536
PARAMETER = re.compile(
    r"(?P<length>#(?=[\w@*]))?(?P<name>[A-Za-z_]\w*|[0-9]+|[@*#?$!-])"
    r"(?:\[(?P<subscript>[^]]*)\])?(?P<rest>.*)",
    re.DOTALL | re.ASCII,
)
OPERATOR = re.compile(r"(:?[-+=?]|%%?|##?|:)(.*)", re.DOTALL)
SIMPLE = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]", re.ASCII)
ANSI_C = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r"}
ANSI_C |= {"t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"', "?": "?"}
META = "|&;<>()"
BLANK = " \t\n"


class UnreadableError(ValueError):
    """A word beyond what is understood here."""


@dataclass(frozen=True)
class Literal:
    """Text that stands for itself; unquoted, it may hold a pattern."""

    text: str
    quoted: bool


@dataclass(frozen=True)
class Parameter:
    """`${name[subscript]operator operand}`; `length` for `${#name}`."""

    name: str
    quoted: bool
    subscript: str | None = None
    operator: str = ""
    operand: str = ""
    length: bool = False


@dataclass(frozen=True)
class Command:
    """A command substitution, with the text inside."""

    text: str
    quoted: bool


@dataclass(frozen=True)
class Opaque:
    """Something that bash would work out and this reader does not: arithmetic, `${!x}`."""

    text: str
    quoted: bool


NOTHING = Literal("", quoted=False)
"""A continued line, or the dollar of `$"text"`."""
Part = Literal | Parameter | Command | Opaque


def parts_of(text: str, quoted: bool = False) -> tuple[Part, ...]:  # noqa: FBT001, FBT002
    """The parts of a word; `quoted` where it stands inside double quotes already.

    Raises UnreadableError for what no word may hold, and for quotes that are not closed.
    """
    if len(text) > LONGEST_WORD:
        raise UnreadableError(text)
    found: list[Part] = []
    at = 0
    in_quotes = quoted
    while at < len(text):
        if text[at] == '"':
            if not in_quotes and text[at + 1 : at + 2] == '"':
                found.append(Literal("", quoted=True))
            in_quotes = quoted or not in_quotes
            at += 1
        elif text[at] in "$`":
            at, part = _expansion(text, at, in_quotes=in_quotes)
            found.append(part)
        else:
            at, literal = _literal(text, at, in_quotes=in_quotes, in_braces=quoted)
            found.append(literal)
    if in_quotes and not quoted:
        raise UnreadableError(text)
    return tuple(part for part in found if part != NOTHING)


def _literal(text: str, at: int, *, in_quotes: bool, in_braces: bool) -> tuple[int, Literal]:
    """What stands for itself: a character, an escaped one, or what single quotes hold."""
    char, escaped = text[at], text[at + 1 : at + 2]
    if char == "\\":
        if not escaped:
            raise UnreadableError(text)
        special = not in_quotes or escaped in '$`"\\' or (in_braces and escaped == "}")
        joined = NOTHING if escaped == "\n" else None
        return at + 2, joined or Literal(escaped if special else char + escaped, quoted=True)
    if char == "'" and not in_quotes:
        end = _closed(text, at)
        return end, Literal(text[at + 1 : end - 1], quoted=True)
    if char in META and not in_quotes:
        raise UnreadableError(text)
    return at + 1, Literal(char, in_quotes)


def words_of(text: str) -> tuple[str, ...] | None:
    """The words of one plain command, uncut; None where it is more than words between blanks."""
    found: list[str] = []
    start = at = 0
    while at < len(text):
        if text[at] in META or (text[at] == "#" and at == start):
            return None
        if text[at] in BLANK:
            found.append(text[start:at])
            start = at = at + 1
        else:
            at = _closed(text, at)
    found.append(text[start:])
    return tuple(word for word in found if word)


def _expansion(text: str, at: int, *, in_quotes: bool) -> tuple[int, Part]:
    """What begins with a dollar or a backquote, and where it ends."""
    follows = text[at + 1 : at + 2]
    opens = text[at] == "`" or follows in {"(", "{"} or (follows == "'" and not in_quotes)
    if opens:
        end = _closed(text, at)
        return end, _enclosed(text[at:end], in_quotes=in_quotes)
    if follows == '"' and not in_quotes:
        return at + 1, NOTHING
    name = SIMPLE.match(text, at + 1)
    if name is None:
        return at + 1, Literal("$", in_quotes)
    if text.startswith("\\\n", name.end()):
        # The name would go on in the next line.
        raise UnreadableError(text)
    return name.end(), Parameter(name.group(), in_quotes)


def _enclosed(text: str, *, in_quotes: bool) -> Part:
    if text[0] == "`":
        return Command(re.sub(r"\\([$`\\])", r"\1", text[1:-1]), in_quotes)
    if text.startswith("$(("):
        return Opaque(text, in_quotes)
    if text[1] == "(":
        return Command(text[2:-1], in_quotes)
    return _braced(text[2:-1], in_quotes=in_quotes) if text[1] == "{" else _ansi_c(text[2:-1])


def _braced(inner: str, *, in_quotes: bool) -> Part:
    found = PARAMETER.fullmatch(inner)
    operator = OPERATOR.fullmatch(found["rest"]) if found and found["rest"] else None
    if found is None or (found["rest"] and (operator is None or found["length"])):
        return Opaque("${" + inner + "}", in_quotes)
    symbol, operand = operator.groups() if operator else ("", "")
    return Parameter(
        found["name"], in_quotes, found["subscript"], symbol, operand, bool(found["length"])
    )


def _ansi_c(inner: str) -> Part:
    escapes = re.findall(r"\\(.?)", inner, re.DOTALL)
    if set(escapes) <= ANSI_C.keys():
        return Literal(
            re.sub(r"\\(.)", lambda m: ANSI_C[m[1]], inner, flags=re.DOTALL), quoted=True
        )
    return Opaque(f"$'{inner}'", quoted=True)


def _closed(text: str, at: int, *, in_quotes: bool = False, depth: int = 0) -> int:
    """Where the quotation, expansion or single character that begins at `at` ends."""
    if depth > DEEPEST:
        raise UnreadableError(text)
    char, follows = text[at], text[at + 1 : at + 2]
    if char == "\\":
        return at + 2
    if char == "'" and not in_quotes:
        return _after(text, "'", at + 1)
    opening, close = _opening(char, follows, in_quotes=in_quotes)
    if not close:
        return at + 1
    at += opening
    while at < len(text):
        if text[at] == close:
            return at + 1
        if close in "'`":
            at += 2 if text[at] == "\\" else 1
        else:
            inside = close == '"' or (in_quotes and close == "}")
            at = _closed(text, at, in_quotes=inside, depth=depth + 1)
    raise UnreadableError(text)


def _opening(char: str, follows: str, *, in_quotes: bool) -> tuple[int, str]:
    """How many characters open something, and what closes it; nothing for a plain character."""
    if char == "$" and follows == "'" and not in_quotes:
        return 2, "'"
    if char == "$" and follows in {"(", "{"}:
        return 2, {"(": ")", "{": "}"}[follows]
    if char in '"`':
        return 1, char
    return (1, ")") if char == "(" and not in_quotes else (1, "")


def _after(text: str, char: str, at: int) -> int:
    end = text.find(char, at)
    if end < 0:
        raise UnreadableError(text)
    return end + 1

"""Unit files of systemd as settings and words (systemd.syntax(7), systemd.service(5))."""

import re
from collections.abc import Mapping, Sequence

Settings = Mapping[str, tuple[str, ...]]
"""Values by `Section.Key`, in order; an empty assignment takes back what was before it."""

_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " ",
    "\\": "\\", '"': '"', "'": "'",
}  # fmt: skip
_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+|\S+""", re.DOTALL)
_PIECE = re.compile(r"""\\(x[0-9a-fA-F]{2}|.)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(.)""",
                    re.DOTALL)  # fmt: skip

_VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_]\w*)\}")


def unit_settings(texts: Sequence[str]) -> Settings:
    """The settings of a unit file and its drop-ins, which are given in the order systemd reads."""
    found: dict[str, list[str]] = {}
    for text in texts:
        section = ""
        for line in _lines(text):
            header = re.fullmatch(r"\[(.+)\]", line)
            if header:
                section = header[1]
                continue
            key, equals, value = line.partition("=")
            if not equals:
                continue
            name = f"{section}.{key.strip()}"
            if value.strip():
                found.setdefault(name, []).append(value.strip())
            else:
                found[name] = []
    return {name: tuple(values) for name, values in found.items() if values}


def words(value: str) -> tuple[str, ...]:
    """A value as words: quotes and C escapes as systemd takes them."""
    return tuple(_unquoted(match[0]) for match in _WORD.finditer(value))


def expanded(command: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """A command with its variables in place: `$NAME` alone may be several words, or none.

    `${NAME}` may stand anywhere and is no word of its own; what is not set is empty. See
    systemd.service(5), under "Command lines".
    """
    found: list[str] = []
    for word in command:
        alone = re.fullmatch(r"\$([A-Za-z_]\w*)", word)
        if alone:
            found += environment.get(alone[1], "").split()
        else:
            found.append(_VARIABLE.sub(lambda m: environment.get(m[1], "") if m[1] else "$", word))
    return tuple(found)


def environment_of(text: str) -> dict[str, str]:
    """The variables of a file that `EnvironmentFile=` names: a value in quotes, or the whole line.

    See systemd.exec(5), under `EnvironmentFile=`.
    """
    pairs = (line.partition("=") for line in _lines(text.replace("\\\n", "")))
    return {name.strip(): _value(value.strip()) for name, equals, value in pairs if equals}


def _value(text: str) -> str:
    if text[:1] in {'"', "'"}:
        return "".join(words(text)[:1])
    return re.sub(r"\\(.)", r"\1", text)


def _lines(text: str) -> list[str]:
    """The lines, joined at a backslash; a comment within such a line is skipped."""
    found, begun = [], ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith(("#", ";")):
            continue
        if line.endswith("\\"):
            begun += line[:-1] + " "
            continue
        found.append((begun + line).strip())
        begun = ""
    return [*found, begun.strip()]


def _unquoted(word: str) -> str:
    def plain(match: re.Match[str]) -> str:
        escape, double, single, other = match.groups()
        if escape is not None:
            if len(escape) == 3:
                return chr(int(escape[1:], 16))
            return _ESCAPES.get(escape, f"\\{escape}")
        if other is not None:
            return str(other)
        return _PIECE.sub(plain, double if double is not None else single)

    return _PIECE.sub(plain, word)

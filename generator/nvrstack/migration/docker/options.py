"""The words of `docker run` taken apart as docker itself does it.

By the rules of https://pkg.go.dev/github.com/spf13/pflag, with options ending at the first operand.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nvrstack.migration.docker.option_table import BY_NAME, BY_SHORT, Takes, named
from nvrstack.migration.words import Unknown, Word

GLOBAL_WITH_VALUE = frozenset(
    {"--config", "--context", "-c", "--host", "-H", "--log-level", "-l", "--tlscacert", "--tlscert",
     "--tlskey"}
)  # fmt: skip
"""Options of docker itself, in front of the command."""
YES = frozenset({"1", "t", "T", "true", "TRUE", "True"})
NO = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class OptionError(ValueError):
    """Words that docker refuses; the text says why, as half a sentence."""


@dataclass(frozen=True)
class RunCommand:
    """The words of `docker run` taken apart: options by their long names, image, arguments.

    `extra` has words of which nobody can tell how many options they stand for.
    """

    options: dict[str, tuple[Word, ...]] = field(default_factory=dict)
    image: Word | None = None
    command: tuple[Word, ...] = ()
    extra: tuple[Unknown, ...] = ()


def subcommand(words: Sequence[Word]) -> tuple[str, tuple[Word, ...]]:
    """What a call of docker does, and the words behind that: `run` for `container run` too.

    The first is empty where it cannot be told.
    """
    left = list(words)
    while left and isinstance(left[0], str) and left[0].startswith("-"):
        option = left.pop(0)
        if option in GLOBAL_WITH_VALUE and left:
            del left[0]
    if left[:1] == ["container"]:
        del left[0]
    if not left or isinstance(left[0], Unknown):
        return "", tuple(left)
    return str(left[0]), tuple(left[1:])


def parse_run(words: Sequence[Word]) -> RunCommand:
    """Take apart the words behind `docker run`. Raises OptionError for what docker refuses."""
    left = list(words)
    found: dict[str, list[Word]] = {}
    extra: list[Unknown] = []
    while left:
        word = left[0]
        if isinstance(word, Unknown):
            told = _partly_known(word)
            if told is None and _is_image(left):
                break
            del left[0]
            if told is None:
                extra.append(word)
            elif told[1] is None:
                _add(found, told[0], left.pop(0) if left else _missing(f"--{told[0]}"))
            else:
                _add(found, told[0], told[1])
            continue
        if word in {"-", ""} or not word.startswith("-"):
            break
        del left[0]
        if word == "--":
            break
        for name, value in _long(word, left) if word.startswith("--") else _short(word, left):
            _add(found, name, value)
    return RunCommand(
        {name: tuple(values) for name, values in found.items()},
        left[0] if left else None,
        tuple(left[1:]),
        tuple(extra),
    )


def _add(found: dict[str, list[Word]], name: str, value: Word) -> None:
    if BY_NAME[name].takes in {Takes.VALUES, Takes.NAMED}:
        found.setdefault(name, []).append(value)
    else:
        found[name] = [value]


def _long(word: str, left: list[Word]) -> Iterator[tuple[str, Word]]:
    given, equals, value = word[2:].partition("=")
    option = named(given)
    if option is None:
        raise OptionError(f"--{given} is no option of docker run")
    if option.takes is Takes.NOTHING:
        yield option.name, _switch(f"--{given}", value) if equals else "true"
        return
    if not equals and not left:
        _missing(f"--{given}")
    yield option.name, value if equals else left.pop(0)


def _short(word: str, left: list[Word]) -> Iterator[tuple[str, Word]]:
    """One dash and several letters: switches, and at last perhaps one that takes a value."""
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter not in BY_SHORT:
            raise OptionError(f"-{letter} is no option of docker run")
        name = BY_SHORT[letter].name
        if BY_SHORT[letter].takes is Takes.NOTHING:
            if letters.startswith("="):
                yield name, _switch(f"-{letter}", letters[1:])
                return
            yield name, "true"
            continue
        if letters:
            yield name, letters.removeprefix("=") if len(letters) > 1 else letters
        else:
            yield name, left.pop(0) if left else _missing(f"-{letter}")
        return


def _switch(option: str, value: str) -> str:
    if value not in YES | NO:
        raise OptionError(f"{option}={value} is neither true nor false")
    return "true" if value in YES else "false"


def _missing(option: str) -> str:
    raise OptionError(f"{option} has no value")


def _partly_known(word: Unknown) -> tuple[str, Unknown | None] | None:
    """The option in a word such as `--user=$(…)`, and its value; None where it is none."""
    match = re.match(r"[\"']?--([a-z-]+)=", word.text)
    if match is not None:
        option = named(match[1])
        if option is not None:
            return option.name, Unknown(word.text[match.end() :], word.line)
    match = re.match(r"[\"']?-([a-zA-Z])=?", word.text)
    option = BY_SHORT.get(match[1]) if match is not None else None
    if match is not None and option is not None and option.takes is not Takes.NOTHING:
        return option.name, Unknown(word.text[match.end() :], word.line)
    return None


def _is_image(left: list[Word]) -> bool:
    """Whether an unknown word in front of an option's place is rather the image."""
    return len(left) == 1 or left[1] == "run"

"""The calls of a container engine that a script makes, and what it said on the way."""

from dataclasses import dataclass

from nvrstack.migration.words import Word

ENGINES = ("docker", "podman", "nerdctl")
PREFIXES = ("sudo", "doas", "env", "nohup", "command", "builtin", "exec", "nice", "ionice", "time",
            "setsid", "stdbuf", "chrt", "taskset", "systemd-cat", "systemd-run", "timeout",
            )  # fmt: skip
"""Programs that run another one, which follows their options."""
WITH_VALUE = {
    "sudo": "ughprCTDR", "doas": "uC", "env": "uCS", "exec": "a", "nice": "n", "ionice": "cnpPu",
    "stdbuf": "ioe", "chrt": "TPD", "systemd-cat": "tp", "systemd-run": "pMGuH", "timeout": "ks",
}  # fmt: skip
"""The short options of each that take a value (their manual pages)."""
OPERANDS = {"timeout": 1, "taskset": 1, "chrt": 1}
"""Words before the program that are no options."""


@dataclass(frozen=True)
class Call:
    """One call: the engine's name, the words after it, and the line.

    `certain` is False where it depends on something that text does not tell. `cut` has the words
    of the statements behind it where the call looks cut short by an empty line or a comment.
    """

    engine: str
    words: tuple[Word, ...]
    line: int
    certain: bool = True
    cut: tuple[Word, ...] = ()


def without_prefixes(words: list[Word]) -> list[Word]:
    """The words from the program on that is really run, after `sudo -u x env A=B` and such."""
    left = list(words)
    while left and isinstance(left[0], str):
        name = left[0].rpartition("/")[2]
        if name not in PREFIXES:
            break
        del left[0]
        left = _after_options(name, left)
    return left


def _after_options(name: str, words: list[Word]) -> list[Word]:
    left = list(words)
    taking = WITH_VALUE.get(name, "")
    while left and isinstance(option := left[0], str) and option.startswith("-") and option != "-":
        del left[0]
        if option == "--":
            break
        # A glued value is part of the word.
        if left and len(option) == 2 and option[1] in taking:
            del left[0]
    while left and name in {"env", "sudo"} and isinstance(left[0], str) and "=" in left[0]:
        del left[0]
    return left[OPERANDS.get(name, 0) :]


def engine_of(words: list[Word]) -> str | None:
    """The engine that a command calls, None for another program."""
    if not words or not isinstance(words[0], str):
        return None
    name = words[0].rpartition("/")[2]
    return name if name in ENGINES else None

"""What a script knows at one point, and what of the machine it may be told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from nvrstack.migration.findings import Finding
from nvrstack.migration.install import TextOf, User, no_file
from nvrstack.migration.shell.source import ShellError
from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_STEPS = 20_000
MOST_CHARACTERS = 1_000_000
Value = Word | tuple[Word, ...]
"""A variable's: a scalar or an array."""
FROM_ENVIRONMENT = frozenset(
    [
        "BASH", "BASHPID", "BASH_SOURCE", "BASH_VERSION", "COLUMNS", "DISPLAY", "EPOCHSECONDS",
        "FUNCNAME", "HOME", "HOSTNAME", "HOSTTYPE", "LANG", "LINENO", "LOGNAME", "MACHTYPE", "MAIL",
        "OLDPWD", "OPTARG", "OPTIND", "OSTYPE", "PATH", "PIPESTATUS", "PPID", "PWD", "RANDOM",
        "REPLY", "SECONDS", "SHELL", "SHLVL", "SUDO_COMMAND", "SUDO_GID", "SUDO_UID", "SUDO_USER",
        "TERM", "USER", "XDG_RUNTIME_DIR",
    ]
)  # fmt: skip
"""Names that have a value in practice without the script's doing."""


@dataclass
class Scope:
    """Variables, arguments and functions. `clouded` is what may have changed any variable."""

    variables: dict[str, Value] = field(default_factory=dict)
    arguments: tuple[Word, ...] = ()
    functions: dict[str, "Node"] = field(default_factory=dict)
    clouded: Unknown | None = None

    def copy(self) -> "Scope":
        """A scope of its own, for a branch that may not be taken."""
        return Scope(dict(self.variables), self.arguments, dict(self.functions), self.clouded)

    def become(self, other: "Scope") -> None:
        """Take everything from another."""
        self.variables, self.arguments = other.variables, other.arguments
        self.functions, self.clouded = other.functions, other.clouded

    def cloud(self, why: Unknown) -> None:
        """From here on no variable is known, until it is assigned."""
        self.variables = {}
        self.clouded = why

    def merge(self, other: "Scope", why: Unknown) -> bool:
        """Keep what is the same in both, and know the rest no longer; whether anything differed.

        Of two arrays the beginning that they have in common stays.
        """
        names = self.variables.keys() | other.variables.keys()
        mine, theirs = self.variables, other.variables
        differing = {name for name in names if mine.get(name) != theirs.get(name)}
        self.variables |= {n: _common(mine.get(n), theirs.get(n), why) for n in differing}
        self.functions = {**other.functions, **self.functions}
        self.clouded = self.clouded or other.clouded
        if self.arguments != other.arguments:
            self.arguments = (why,)
            return True
        return bool(differing)


def _common(one: Value | None, other: Value | None, why: Unknown) -> Value:
    if not isinstance(one, tuple) or not isinstance(other, tuple):
        return why
    pairs = zip(one, other, strict=False)
    return (*(item for item, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)), why)


@dataclass
class Session:
    """One evaluation: the machine's facts, the bounds, and what was noticed.

    `accounts` are the machine's users, `timezone` the text of its /etc/timezone; `text_of` reads
    its files, and `place` is where the script lies, if that is known.
    """

    accounts: Mapping[str, User]
    timezone: str | None
    text_of: TextOf = no_file
    place: str | None = None
    notes: list[Finding] = field(default_factory=list)
    causes: dict[Unknown, Unknown] = field(default_factory=dict)
    steps: int = 0
    characters: int = 0

    def step(self, line: int) -> None:
        """Count one statement. Raises ShellError when there were too many."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise ShellError("does more than can be followed", line)

    def spend(self, characters: int, line: int) -> None:
        """Count what expansions brought forth. Raises ShellError when it was too much."""
        self.characters += characters
        if self.characters > MOST_CHARACTERS:
            raise ShellError("brings forth more text than can be followed", line)

    def unknown(self, text: str, line: int, cause: Unknown) -> Unknown:
        """A word that is not known because of another place."""
        word = Unknown(text, line)
        if cause != word:
            self.causes[word] = self.causes.get(cause, cause)
        return word

    def note(self, finding: Finding) -> None:
        """Remember something to say, once."""
        if finding not in self.notes:
            self.notes.append(finding)

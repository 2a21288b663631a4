"""What a script has done up to some statement: its variables, arguments, functions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nvrstack.migration.words import Unknown, Word

if TYPE_CHECKING:
    from tree_sitter import Node

Value = Word | tuple[Word, ...]
"""A variable's value; a tuple is an array."""
ENVIRONMENT = frozenset(
    {
        "EDITOR", "EUID", "HOME", "HOSTNAME", "HOSTTYPE", "LANG", "LC_ALL", "LOGNAME", "MACHTYPE",
        "OLDPWD", "OSTYPE", "PATH", "PPID", "PWD", "RANDOM", "SECONDS", "SHELL", "SUDO_GID",
        "SUDO_UID", "SUDO_USER", "TERM", "TMPDIR", "TZ", "UID", "USER", "XDG_RUNTIME_DIR",
    }
)  # fmt: skip
"""Variables that have a value although no line of the script gives them one."""


@dataclass
class State:
    """Mutable while a script is followed; copied where ways part.

    `status` is that of the last command: True for success, None where nobody knows. `ended` is set
    once the script has exited or become another program. `opaque` has the line after which
    variables may be anything, as after a file was sourced. `hidden` has, for each function that is
    being called, the variables of outside that its own ones hide.
    """

    variables: dict[str, Value] = field(default_factory=dict)
    arguments: tuple[Word, ...] = ()
    functions: dict[str, "Node"] = field(default_factory=dict)
    status: bool | None = True
    ended: bool = False
    returned: bool = False
    opaque: int | None = None
    hidden: tuple[dict[str, Value | None], ...] = ()

    def value(self, name: str, line: int) -> Value | None:
        """The value of a variable; None where it is not set."""
        if name in self.variables:
            return self.variables[name]
        if name in ENVIRONMENT or self.opaque is not None:
            return Unknown(f"${name}", line)
        return None

    def copy(self) -> "State":
        """A state that goes its own way from here."""
        return State(
            dict(self.variables),
            self.arguments,
            dict(self.functions),
            self.status,
            self.ended,
            self.returned,
            self.opaque,
            tuple(map(dict, self.hidden)),
        )

    def hide(self, name: str) -> None:
        """Let a function have a variable of its own."""
        if self.hidden:
            self.hidden[-1].setdefault(name, self.variables.get(name))
            self.variables.pop(name, None)

    def enter(self) -> None:
        """Begin the call of a function."""
        self.hidden = (*self.hidden, {})

    def leave(self) -> None:
        """End it: what it hid is there again."""
        *outer, hidden = self.hidden or ({},)
        self.hidden = tuple(outer)
        for name, value in hidden.items():
            if value is None:
                self.variables.pop(name, None)
            else:
                self.variables[name] = value

    def forget(self, line: int) -> None:
        """After something unknown was run inside this shell, every variable may be anything."""
        self.variables = {name: Unknown(f"${name}", line) for name in self.variables}
        self.opaque = line

    def become(self, one: "State", other: "State", line: int) -> None:
        """Go on where either of two ways may have been gone."""
        ways = [way for way in (one, other) if not (way.ended or way.returned)]
        if len(ways) != 1:
            self.variables = _either(one.variables, other.variables, line)
            self.functions = {**one.functions, **other.functions}
            if one.arguments != other.arguments:
                self.arguments = (Unknown("$@", line),)
            self.status = one.status if one.status == other.status else None
            self.opaque = one.opaque if one.opaque is not None else other.opaque
            self.ended = one.ended and other.ended
            self.returned = not ways and not self.ended
            return
        (way,) = ways
        self.__dict__.update(way.copy().__dict__)


def _either(one: Mapping[str, Value], other: Mapping[str, Value], line: int) -> dict[str, Value]:
    missing = object()
    return {
        name: one[name]
        if one.get(name, missing) == other.get(name, missing)
        else Unknown(f"${name}", line)
        for name in {**one, **other}
    }

"""Paths in a systemd unit: its specifiers, and what counts from its working directory.

See systemd.unit(5), under "Specifiers", and systemd.exec(5), under "WorkingDirectory=".
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

OF_THE_SYSTEM: Mapping[str, str] = {
    "%": "%",
    "C": "/var/cache",
    "E": "/etc",
    "L": "/var/log",
    "S": "/var/lib",
    "h": "/root",
    "t": "/run",
}
"""What specifiers stand for in every unit of the system's; the home is the manager's own."""
PATHS = frozenset({"--config", "--db-dir"})
"""The flags of Moonfire's with a path that matters after the move."""

_CONFIG = re.compile(r"(-c=?)([^=].*)", re.DOTALL)


def specifiers(name: str) -> Mapping[str, str]:
    """What the specifiers of the unit `name` stand for, by their letters.

    Those that only the running machine or a template's instance would tell are left out.
    """
    stem = name.rpartition(".")[0]
    prefix, at, instance = stem.partition("@")
    if at and not instance:
        return {**OF_THE_SYSTEM, "p": prefix}
    return {**OF_THE_SYSTEM, "p": prefix, "i": instance, "n": name, "N": stem}


def specified(text: str, known: Mapping[str, str]) -> str:
    """A text with its specifiers in place; one that is not `known` stays as it is written."""
    return re.sub(r"%(.)", lambda match: known.get(match[1], match[0]), text)


def working_directory(value: str, home: str | None) -> str:
    """The directory that `WorkingDirectory=` names; `home` is that of the unit's user."""
    directory = value.removeprefix("-")
    return home if directory == "~" and home is not None else directory


def whole_path(path: str, directory: str) -> str:
    """A path in full; one that begins with an unknown specifier cannot be told, and stays."""
    if not path or path.startswith(("/", "%")):
        return path
    return str(PurePosixPath(directory) / path)


def whole_paths(arguments: Sequence[str], directory: str) -> tuple[str, ...]:
    """The arguments of Moonfire's `run`, with those `PATHS` in full that count from `directory`."""
    found: list[str] = []
    for index, word in enumerate(arguments):
        flag, equals, value = word.partition("=")
        glued = _CONFIG.fullmatch(word)
        if arguments[index - 1 : index] and arguments[index - 1] in {*PATHS, "-c"}:
            found.append(whole_path(word, directory))
        elif flag in PATHS and equals:
            found.append(f"{flag}={whole_path(value, directory)}")
        elif glued:
            found.append(f"{glued[1]}{whole_path(glued[2], directory)}")
        else:
            found.append(word)
    return tuple(found)

"""Programs that start another one: what they start."""

import re
from collections.abc import Mapping, Sequence

from nvrstack.migration.words import Unknown, Word

TAKES_VALUE: Mapping[str, frozenset[str]] = {
    "sudo": frozenset(
        [
            "-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "-R", "--user", "--group",
            "--host", "--prompt", "--close-from", "--role", "--type", "--command-timeout",
            "--other-user", "--chdir", "--chroot",
        ]
    ),
    "doas": frozenset({"-u", "-C"}),
    "env": frozenset({"-u", "--unset", "-C", "--chdir"}),
    "exec": frozenset({"-a"}),
    "command": frozenset(),
    "builtin": frozenset(),
    "nohup": frozenset(),
    "setsid": frozenset(),
    "time": frozenset({"-f", "-o"}),
    "nice": frozenset({"-n", "--adjustment"}),
    "ionice": frozenset({"-c", "-n", "--class", "--classdata"}),
    "timeout": frozenset({"-k", "-s", "--kill-after", "--signal"}),
}  # fmt: skip
"""Options that take the next word, from the programs' manual pages."""
WITH_ASSIGNMENTS = frozenset({"sudo", "env"})


def unwrapped(words: Sequence[Word]) -> tuple[Word, ...] | None:
    """The command that a wrapper starts, empty where it starts none; None for other commands.

    An option that is not known itself leaves what follows unknown: one Unknown is returned.
    """
    name = words[0]
    if isinstance(name, Unknown) or name.rpartition("/")[2] not in TAKES_VALUE:
        return None
    program = name.rpartition("/")[2]
    at = 1
    while at < len(words):
        word = words[at]
        if isinstance(word, Unknown):
            return (word, *words[at + 1 :])
        if word == "--":
            at += 1
            break
        if not word.startswith("-") or word == "-":
            break
        if program == "command" and word in {"-v", "-V"}:
            return ()
        at += 2 if word in TAKES_VALUE[program] else 1
    left = list(words[at:])
    if program == "timeout":
        left = left[1:]
    while program in WITH_ASSIGNMENTS and left and _assigns(left[0]):
        left.pop(0)
    return tuple(left)


def _assigns(word: Word) -> bool:
    text = word.text if isinstance(word, Unknown) else word
    return re.match(r"[A-Za-z_]\w*=", text) is not None

"""bash's own commands, as far as they matter to what follows."""

import re
from collections.abc import Callable, Mapping, Sequence

from nvrstack.migration.shell.conditions import is_file, verdict
from nvrstack.migration.shell.flow import LoopLeftError, ReturnedError, StoppedError
from nvrstack.migration.shell.scope import Scope
from nvrstack.migration.shell.walk import Status, Walk
from nvrstack.migration.words import Unknown, Word


def _forget(walk: Walk, words: Sequence[Word], scope: Scope) -> Status:
    """Builtins that give variables values from elsewhere."""
    for word in [*words, "REPLY", "MAPFILE", "OPTARG"]:
        if isinstance(word, Unknown):
            scope.cloud(word)
            continue
        for name in re.findall(r"[A-Za-z_]\w*", word):
            scope.variables[name] = Unknown(f"${name}", 0)
    return None


def _getopts(walk: Walk, words: Sequence[Word], scope: Scope) -> Status:
    """`getopts`, which ends at once where the first argument is no option."""
    given = words[2:] or scope.arguments
    first, name = given[0] if given else "", words[1] if len(words) > 1 else ""
    ends = isinstance(first, str) and not first.startswith("-")
    if not ends or isinstance(name, Unknown) or scope.variables.get("OPTIND", "1") != "1":
        return _forget(walk, [*words, "OPTIND"], scope)
    scope.variables |= {name: "?", "OPTIND": "1"}
    return False


def _test(walk: Walk, words: Sequence[Word], scope: Scope) -> Status:
    """`test`."""
    return is_file(words, walk.session.text_of) or verdict(words)


def _print_into(walk: Walk, words: Sequence[Word], scope: Scope) -> Status:
    """`printf -v name`."""
    return _forget(walk, words[1:2], scope) if words[:1] == ("-v",) else True


def _shift(walk: Walk, words: Sequence[Word], scope: Scope) -> Status:
    """`shift`, `shift 2`."""
    count = words[0] if words else "1"
    if isinstance(count, Unknown) or not re.fullmatch("[0-9]{1,4}", count):
        scope.arguments = (Unknown("shift", 0),)
        return None
    if any(isinstance(word, Unknown) for word in scope.arguments[: int(count)]):
        return None
    if int(count) > len(scope.arguments):
        return False
    scope.arguments = scope.arguments[int(count) :]
    return True


def _set(walk: Walk, words: Sequence[Word], scope: Scope) -> Status:
    """`set -e`, `set -euo pipefail`, `set -- words`."""
    at = 0
    while at < len(words):
        word = words[at]
        if isinstance(word, Unknown) or word == "--" or word[:1] not in {"-", "+"}:
            scope.arguments = tuple(words[at + 1 if word == "--" else at :])
            return True
        names = word[1:]
        if "o" in names:
            at += 1
            names += "e" if words[at : at + 1] == ("errexit",) else ""
        if "e" in names:
            walk.fails_stop = word[0] == "-"
        at += 1
    return True


def _exit(walk: Walk, words: Sequence[Word], scope: Scope) -> Status:
    """`exit`."""
    raise StoppedError


def _returns(walk: Walk, words: Sequence[Word], scope: Scope) -> Status:
    """`return`; outside a function bash goes on."""
    if not walk.frames:
        return False
    raise ReturnedError


def _leave_loop(*, ends: bool) -> Status:
    raise LoopLeftError(ends=ends)


BUILTINS: Mapping[str, Callable[[Walk, Sequence[Word], Scope], Status]] = {
    ":": lambda *_: True,
    "true": lambda *_: True,
    "false": lambda *_: False,
    "test": _test,
    "[": lambda walk, words, scope: _test(walk, words[:-1], scope),
    "shift": _shift,
    "set": _set,
    "exit": _exit,
    "return": _returns,
    "break": lambda *_: _leave_loop(ends=True),
    "continue": lambda *_: _leave_loop(ends=False),
    "read": _forget,
    "mapfile": _forget,
    "readarray": _forget,
    "getopts": _getopts,
    "let": _forget,
    "printf": _print_into,
}
"""What each comes to, given the words after it."""

"""The few commands whose output is known without running them: id, dirname, cat /etc/timezone."""

import posixpath

from nvrstack.migration.shell import rules
from nvrstack.migration.shell.scope import Scope, Session
from nvrstack.migration.words import Unknown, Word

TIMEZONE = "/etc/timezone"
IDS = {"-u": "uid", "--user": "uid", "-g": "gid", "--group": "gid"}


def output_of(words: tuple[Word, ...], scope: Scope, session: Session, here: Unknown) -> Word:
    """What the command writes, or `here`, which is the substitution itself, if it is not known."""
    if not words or any(isinstance(word, Unknown) for word in words):
        return here
    name, *arguments = (str(word) for word in words)
    program = name.rpartition("/")[2]
    if name in scope.functions:
        return here
    if program == "id" and arguments and arguments[0] in IDS and len(arguments) <= 2:
        return _id(IDS[arguments[0]], *arguments[1:], session=session, here=here)
    if program == "cat" and arguments == [TIMEZONE] and session.timezone is not None:
        return session.timezone.rstrip("\n")
    if program == "dirname" and len(arguments) == 1 and arguments[0].startswith("/"):
        return posixpath.dirname(arguments[0].rstrip("/")) or "/"
    return here


def _id(which: str, name: str = "root", *, session: Session, here: Unknown) -> Word:
    """The script is run by root, or by sudo."""
    if name == "root":
        return "0"
    user = session.accounts.get(name)
    if user is not None:
        return str(getattr(user, which))
    session.note(rules.USER_UNKNOWN(here.line, what=here.text, name=name))
    return here

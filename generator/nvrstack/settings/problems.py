"""One clear sentence per mistake in a settings file, all of them at once."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from nvrstack.errors import InputError

SECRET_WORDS = ("password", "token", "secret", "apikey", "hmac")


@dataclass(frozen=True)
class Problem:
    """One thing to mend in the settings.

    `key` is dotted (`site.domain`, `site.aliases[1]`); `where` names the file and line, the
    option or the variable that it came from, as far as that is known.
    """

    key: str
    message: str
    where: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.message) if part)


class SettingsError(InputError):
    """The settings have one problem or more. `problems` holds each of them."""

    def __init__(self, problems: Iterable[Problem], source: str) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        listing = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{source}: {count} {noun}\n{listing}")


def unknown_stack(given: object, stacks: Iterable[str]) -> str:
    """The sentence for a missing or unknown stack, with the nearest name that exists."""
    known = sorted(stacks)
    if given is None:
        return f"is missing; expected one of {', '.join(known)}"
    nearest = difflib.get_close_matches(str(given), known, n=1, cutoff=0.6)
    mend = f"did you mean {nearest[0]}?" if nearest else f"expected one of {', '.join(known)};"
    return f"there is no stack {given!r}; {mend} `nvrstack stacks` tells what each is for"


def unknown_key(key: str, siblings: Iterable[str]) -> str:
    """The sentence for a key that no setting has, with the nearest name that exists."""
    name = key.rpartition(".")[2]
    if any(word in name.lower() for word in SECRET_WORDS):
        return (
            "secrets never stand in the settings; put the value into a file of the project's "
            "secrets directory, such as secrets/ddns_password, and remove this line"
        )
    known = sorted(siblings)
    wanted = key if any("." in sibling for sibling in known) else name
    nearest = difflib.get_close_matches(wanted, known, n=1, cutoff=0.6)
    if nearest:
        return f"is not a setting; did you mean {nearest[0]}?"
    return f"is not a setting; expected one of {', '.join(known)}; remove the line or rename it"

"""ddclient.conf, read as ddclient itself reads it.

Its rules are in the comments of `_read_config` in https://github.com/ddclient/ddclient, and odd:
passwords are taken out of each line first, double quotes quote everything but them, and what stands
on a line without a host holds for every host below.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from nvrstack.errors import InputError

LONGEST, LONGEST_LINE = 100_000, 4_000
"""Characters. The patterns take their time with long lines, and no real file comes near."""
_PASSWORD = re.compile(r"([^#]*\s)?([^#]*?password)\s*=\s*('.*'|[^']\S*)(.*)")
_ASSIGNMENT = re.compile(r"[,\s]*([a-z][0-9a-z_-]*)=", re.IGNORECASE)
_PLACEHOLDER = "dummy"
_CONTINUED = {
    False: re.compile(r"(.*)\\", re.DOTALL),
    True: re.compile(r"(.*)\\[ \t\v\f]*", re.DOTALL),
}
"""A line that goes on in the next one, up to ddclient 3 and from 4.0 on."""


@dataclass(frozen=True)
class Host:
    """One host that is kept up to date, with every setting that holds for it.

    Neither `password` nor the settings, of which some are keys, are printed by accident.
    """

    name: str
    settings: Mapping[str, str] = field(repr=False)
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class DdclientConf:
    """All hosts in their order, and the settings of the program itself.

    `blank` is the number of the first line that ends in a backslash and blanks, `unfinished` that
    of the last line where it ends in a backslash, so that ddclient reads nothing of what it ends.
    """

    hosts: tuple[Host, ...] = ()
    general: Mapping[str, str] = field(default_factory=dict, repr=False)
    blank: int | None = None
    unfinished: int | None = None


def read_ddclient_conf(text: str, *, over_blanks: bool = True) -> DdclientConf:
    """What the file says. Raises InputError when it is far too long to be one.

    `over_blanks` says whether blanks may follow a backslash that continues a line, as since
    ddclient 4.0. Before, such a backslash became the name of a host.
    """
    # Not splitlines(), which knows line ends that ddclient does not.
    lines = text.replace("\r", "").removesuffix("\n").split("\n")
    if len(text) > LONGEST or max(map(len, lines)) > LONGEST_LINE:
        raise InputError(
            f"ddclient.conf is longer than {LONGEST} characters, or has a line longer than "
            f"{LONGEST_LINE}",
            "check that it is ddclient's file",
        )
    general: dict[str, str] = {}
    hosts: dict[str, dict[str, str]] = {}
    begun, passwords = "", dict[str, str]()
    blank, continued = None, None
    for number, raw in enumerate(lines, start=1):
        line = begun + _without_password(raw, passwords)
        if blank is None and line[-1:].isspace() and _CONTINUED[True].fullmatch(line):
            blank = number
        continued = _CONTINUED[over_blanks].fullmatch(line)
        begun = "" if continued is None else continued[1]
        if continued is not None:
            continue
        settings, rest = _assignments(" ".join(line.split()))
        settings |= {key: value for key, value in passwords.items() if key in settings}
        passwords.clear()
        words = re.sub(r"\s*,\s*", ",", rest).split()
        if "host" in settings:
            words[:1] = [",".join([*words[:1], settings["host"]])]
        if not words:
            general |= settings
            continue
        # Login and password may follow the host, as they did long ago.
        settings = {
            **general,
            **settings,
            **dict(zip(("login", "password"), words[1:3], strict=False)),
        }
        # Blanks part them too, in an option's quotes.
        for name in filter(None, re.split("[, ]", words[0])):
            # For a host that is named twice, the first value of a setting stays.
            hosts[name] = {**settings, **hosts.get(name, {})}
    return DdclientConf(
        tuple(_host(name, settings) for name, settings in hosts.items()),
        {key: value for key, value in general.items() if key != "password"},
        blank,
        len(lines) if continued is not None else None,
    )


def _host(name: str, settings: dict[str, str]) -> Host:
    password = settings.pop("password", None)
    return Host(name, settings, password)


def _without_password(line: str, passwords: dict[str, str]) -> str:
    """The line without its comment; a password goes to `passwords`, and a placeholder stays."""
    match = _PASSWORD.match(line)
    if match is not None:
        head, key, value, tail = match[1] or "", match[2], match[3], match[4]
        quoted = re.fullmatch("'(.*)'", value)
        passwords[key] = quoted[1] if quoted else value
        line = f"{head}{key}={_PLACEHOLDER}{tail}"
    return line.partition("#")[0]


def _assignments(text: str) -> tuple[dict[str, str], str]:
    """The leading `key=value` pairs, and what follows them."""
    found: dict[str, str] = {}
    while match := _ASSIGNMENT.match(text):
        found[match[1]], text = _value(text[match.end() :])
    return found, text.lstrip(", \t")


def _value(text: str) -> tuple[str, str]:
    """One value up to an unquoted blank or comma, and the rest."""
    value, quote, escaped = [], "", False
    for position, char in enumerate(text):
        if escaped:
            value.append(char)
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote and char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif not quote and (char.isspace() or char == ","):
            return "".join(value), text[position:]
        else:
            value.append(char)
    return "".join(value), ""

"""Quoting: each target's own rules, so that no value breaks out of its place.

Every function returns text to be put in place as it is, or raises ValueError for a value that the
target has no way to spell.
"""

import html
import json
import re
import shlex
from datetime import timedelta
from typing import Any

import tomlkit
import yaml

from nvrstack.settings.values import format_duration

_TSIG_KEY = re.compile(
    r"""\s*key\s+"?[\w.-]+"?\s*\{
    (?:\s*(?:algorithm\s+"?[\w-]+"?|secret\s+"?[A-Za-z0-9+/=]+"?)\s*;){2}\s*\}\s*;\s*""",
    re.VERBOSE,
)
_NGINX_SPECIAL = set("\"'\\;{}#$")


def quote_yaml(value: str) -> str:
    """A YAML double-quoted scalar for Compose, which reads `$$` as one dollar sign.

    Source: YAML 1.2 section 7.3.1, and "Interpolation" in the Compose specification.
    """
    doubled = value.replace("$", "$$")
    return yaml.safe_dump(doubled, default_style='"', width=2**31).rstrip("\n")


def quote_nginx(value: str) -> str:
    """A word of nginx's configuration that needs no quotes.

    nginx has no way to spell a literal dollar sign, and quoting differs between directives, so
    only words without special characters are let through.
    """
    if not value or set(value) & _NGINX_SPECIAL or any(c.isspace() or ord(c) < 33 for c in value):
        raise ValueError(f"{value!r} cannot be written in an nginx configuration")
    return value


def quote_ddclient(value: str) -> str:
    """A value of ddclient's configuration, with a backslash before each special character.

    ddclient cuts each line at a `#` before it looks at quotes, except in passwords (its
    `_read_config`, from 3.10 to 4.0).
    """
    if "#" in value or any(c.isspace() or ord(c) < 33 for c in value):
        raise ValueError(f"{value!r} cannot be written in ddclient.conf")
    return "".join(c if c.isalnum() or c in "._-:/@+%=" else f"\\{c}" for c in value)


def quote_ddclient_password(value: str) -> str:
    r"""A password of ddclient's configuration, to stand alone on its line before `, \`.

    ddclient takes what is between the first and the last single quote of such a line literally,
    single quotes, commas, hashes and backslashes included (its `_read_config`).
    """
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise ValueError("a password with control characters cannot be written in ddclient.conf")
    return f"'{value}'"


def quote_ini(value: str) -> str:
    """A value of certbot's configuration file, which has no way to quote (ConfigArgParse)."""
    if not value or set(value) & set("#;'\"[],") or any(c.isspace() or ord(c) < 33 for c in value):
        raise ValueError("has a character that certbot cannot read in its configuration")
    return value


def quote_ddclient_token(value: str) -> str:
    """A secret whose key in ddclient's configuration is not called a password.

    The sentence about one that cannot be written does not show it.
    """
    try:
        return quote_ddclient(value)
    except ValueError:
        raise ValueError("has a space or a # in it, which ddclient cannot read there") from None


def tsig_key(value: str) -> str:
    """The text of a key file for nsupdate(1): one `key` statement, as tsig-keygen(8) prints it."""
    if not _TSIG_KEY.fullmatch(value):
        raise ValueError('is no TSIG key; write key "NAME" { algorithm hmac-sha256; secret "…"; };')
    return value.strip()


def quote_toml(value: Any) -> str:
    """A TOML value on one line."""
    return str(tomlkit.item(list(value) if isinstance(value, tuple) else value).as_string())


def quote_markdown_code(value: str) -> str:
    """A Markdown code span, fenced by more backticks than it holds (CommonMark section 6.1)."""
    longest = max((len(run) for run in _runs(value, "`")), default=0)
    fence = "`" * (longest + 1)
    pad = " " if value.startswith("`") or value.endswith("`") else ""
    return f"{fence}{pad}{value}{pad}{fence}"


def qr_code(value: str) -> str:
    """A QR code (ISO/IEC 18004) as SVG that stands in HTML."""
    import segno

    return str(segno.make(value, micro=False).svg_inline(scale=6))


def duration(value: timedelta) -> str:
    """A length of time as the settings spell it."""
    return format_duration(value)


FILTERS = {
    "yaml": quote_yaml,
    "nginx": quote_nginx,
    "sh": shlex.quote,
    "ddclient": quote_ddclient,
    "ddclient_password": quote_ddclient_password,
    "ddclient_token": quote_ddclient_token,
    "tsig_key": tsig_key,
    "toml": quote_toml,
    "json": json.dumps,
    "ini": quote_ini,
    "html": html.escape,
    "qr_code": qr_code,
    "code": quote_markdown_code,
    "duration": duration,
}


def _runs(value: str, char: str) -> list[str]:
    return [run for run in "".join(c if c == char else " " for c in value).split() if run]

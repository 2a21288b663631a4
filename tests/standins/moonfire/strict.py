"""Reading values as strictly as the real server does, by serde with `deny_unknown_fields`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from tests.standins.moonfire.program import MoonfireError

# Stands before each escape sequence while a body is read; see `parse_json`.
ESCAPE_MARK = "\ue000"


def expect(value: object, kind: type, name: str) -> Any:
    """Return the value if it has exactly the wanted type (a bool is no integer here)."""
    if type(value) is not kind:
        raise MoonfireError("INVALID_ARGUMENT", f"invalid type: {value!r}, expected {name}")
    return value


def refuse_unknown(table: dict[str, Any], known: Sequence[str]) -> None:
    """Raise serde's "unknown field" for the first key that is not known."""
    for key in table:
        if key not in known:
            names = ", ".join(f"`{name}`" for name in known)
            raise MoonfireError(
                "INVALID_ARGUMENT", f"unknown field `{key}`, expected one of {names}"
            )


def parse_json(body: bytes) -> dict[str, Any]:
    """Parse a JSON object, keeping a mark in every string that contained an escape sequence.

    The real server *borrows* some strings from the body (serde's `&str`): those are refused when
    they contain an escape, `\\"` and `\\u00e9` alike. `borrowed` and `owned` tell them apart.
    """
    try:
        text = body.decode("utf-8")
        marked = re.sub(r"(?:\\(?:u[0-9a-fA-F]{4}|.))+", lambda match: ESCAPE_MARK + match[0], text)
        value = json.loads(marked)
    except ValueError as err:
        raise MoonfireError("INVALID_ARGUMENT", f"bad request body\ncaused by: {err}") from err
    if not isinstance(value, dict):
        raise MoonfireError("INVALID_ARGUMENT", "bad request body: expected an object")
    return value


def borrowed(value: object) -> str:
    """Return a string that the real server borrows: no escape sequence is allowed in it."""
    if not isinstance(value, str) or ESCAPE_MARK in value:
        kind = "string with an escape sequence" if isinstance(value, str) else "value"
        message = f"bad request body: invalid type: {kind}, expected a borrowed string"
        raise MoonfireError("INVALID_ARGUMENT", message)
    return value


def owned(value: object) -> Any:
    """Return a JSON value without the marks of `parse_json`."""
    if isinstance(value, str):
        return value.replace(ESCAPE_MARK, "")
    if isinstance(value, list):
        return [owned(item) for item in value]
    if isinstance(value, dict):
        return {owned(key): owned(item) for key, item in value.items()}
    return value

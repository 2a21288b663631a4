"""Moonfire's configuration as TOML text, with what somebody wrote around the keys."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomlkit
from tomlkit.container import Container
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Item, Table

from nvrstack.migration.moonfire.config_keys import ADDRESSES, canonical, spelled
from nvrstack.migration.moonfire.versions import Spelling

HEADER = "# Moonfire NVR's own settings, moved here by nvrstack.\n"


@dataclass(frozen=True)
class Bind:
    """A bind to be: its keys in camelCase, and which bind of the old file it was, if any.

    `remark` is the comment above one that was in no file.
    """

    keys: Mapping[str, Any]
    origin: int | None = None
    remark: str = ""


def plain(top: Mapping[str, Any], binds: Sequence[Bind], spelling: Spelling) -> dict[str, Any]:
    """The configuration as the server reads it."""
    data: dict[str, Any] = _spelled(top, spelling)
    data["binds"] = [_spelled(bind.keys, spelling) for bind in binds]
    return data


def fresh(top: Mapping[str, Any], binds: Sequence[Bind], spelling: Spelling) -> str:
    """A new text."""
    lines = [HEADER, *(_line(key, value, spelling) for key, value in top.items())]
    return "".join([*lines, *(_new_bind(bind, spelling) for bind in binds)])


def rewritten(
    text: str, top: Mapping[str, Any], binds: Sequence[Bind], spelling: Spelling
) -> str | None:
    """The old text with the new values; comments, order and blank lines stay.

    None where the old text is laid out so unusually that this does not come out right.
    """
    try:
        document = tomlkit.parse(text)
    except (TOMLKitError, RecursionError):
        return None
    parts = _top(document, top, binds, spelling)
    parts += [_new_bind(bind, spelling) for bind in binds if bind.origin is None]
    result = "".join(parts)
    try:
        found = tomllib.loads(result)
    except tomllib.TOMLDecodeError:
        return None
    return result if found == plain(top, binds, spelling) else None


def _top(
    document: Container, top: Mapping[str, Any], binds: Sequence[Bind], spelling: Spelling
) -> list[str]:
    parts: list[str] = []
    missing = [key for key in top if key not in {canonical(k) for k in document}]
    origins = {bind.origin: bind for bind in binds}
    index = 0
    for key, item in document.body:
        name = canonical(key.key) if key is not None else ""
        if key is None:
            parts.append(item.as_string())
        elif isinstance(item, AoT) and name == "binds":
            # A key after the first table would belong to that table.
            parts += [_line(key, top[key], spelling) for key in missing]
            missing.clear()
            for table in item.body:
                bind = origins.get(index)
                parts = [*parts, *_bind(table, bind, spelling)] if bind else _without(parts, table)
                index += 1
        elif name in top:
            parts.append(_entry(item, name, top[name], spelling))
    return [*parts, *(_line(key, top[key], spelling) for key in missing)]


def _bind(table: Table, bind: Bind, spelling: Spelling) -> Iterator[str]:
    trivia = table.trivia
    yield f"{trivia.indent}[[binds]]{trivia.comment_ws}{trivia.comment}{trivia.trail}"
    left = dict(bind.keys)
    body = list(table.value.body)
    last = max((i for i, (key, _) in enumerate(body) if key is not None), default=-1)
    for position, (key, item) in enumerate(body):
        if key is None:
            yield item.as_string()
        else:
            name = canonical(key.key)
            if name in ADDRESSES:
                name = next((kind for kind in ADDRESSES if kind in left), name)
            if name in left:
                yield _entry(item, name, left.pop(name), spelling)
        if position == last:
            yield from (_line(key, value, spelling) for key, value in left.items())


def _without(parts: list[str], table: Table) -> list[str]:
    """The text so far, without the remark right above a bind that is left out.

    What stands below its last key is about the next bind, and stays.
    """
    while parts and parts[-1].lstrip().startswith("#"):
        parts = parts[:-1]
    return [*parts, *reversed([*_trailing(table)])]


def _trailing(table: Table) -> Iterator[str]:
    """The comments and blank lines below a table's last key, last one first."""
    for key, item in reversed(table.value.body):
        if key is not None:
            return
        yield item.as_string()


def _entry(item: Item, name: str, value: Any, spelling: Spelling) -> str:
    if isinstance(item, Table | AoT):
        return _line(name, value, spelling)
    old = item.unwrap()
    written = item.as_string() if old == _spelled_value(value, spelling) else _toml(value, spelling)
    trivia = item.trivia
    key = f"{trivia.indent}{spelled(name, spelling)}"
    return f"{key} = {written}{trivia.comment_ws}{trivia.comment}{trivia.trail or chr(10)}"


def _new_bind(bind: Bind, spelling: Spelling) -> str:
    remark = f"# {bind.remark}\n" if bind.remark else ""
    lines = (_line(key, value, spelling) for key, value in bind.keys.items())
    return f"\n{remark}[[binds]]\n{''.join(lines)}"


def _line(key: str, value: Any, spelling: Spelling) -> str:
    return f"{spelled(key, spelling)} = {_toml(value, spelling)}\n"


def _toml(value: Any, spelling: Spelling) -> str:
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update(_spelled(value, spelling))
        return table.as_string()
    return str(tomlkit.item(value).as_string())


def _spelled(table: Mapping[str, Any], spelling: Spelling) -> dict[str, Any]:
    return {spelled(key, spelling): _spelled_value(value, spelling) for key, value in table.items()}


def _spelled_value(value: Any, spelling: Spelling) -> Any:
    return _spelled(value, spelling) if isinstance(value, Mapping) else value

"""From the text of `nvrstack.toml` to Settings, or to every problem at once."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nvrstack.settings.certificate_rules import CERTIFICATE_RULES
from nvrstack.settings.ddns_rules import DDNS_RULES
from nvrstack.settings.lines import Path, key_lines
from nvrstack.settings.model import SCHEMA, Settings
from nvrstack.settings.problems import Problem, SettingsError, unknown_key, unknown_stack
from nvrstack.settings.rules import RULES
from nvrstack.stacks import Stack

Where = Callable[[Path], str]

SKELETON: Mapping[str, Any] = {
    "schema": SCHEMA,
    "stack": "public",
    "project": {"uid": 1000, "gid": 1000},
    "site": {"domain": "nvr.example.com"},
    "moonfire": {
        "uid": 1000,
        "gid": 1000,
        "timezone": "Etc/UTC",
        "state_dir": "data/moonfire",
    },
    "network": {"backend_subnet": "172.31.255.0/29"},
}
"""Values that stand in for missing ones while the rules look at the others."""

EXPECTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number without quotes",
    "bool_type": "true or false",
    "tuple_type": 'a list, such as ["one", "two"]',
    "model_type": "a section, such as [site]",
    "model_attributes_type": "a section, such as [site]",
}


def load(toml: str, source: str, stacks: Mapping[str, Stack]) -> Settings:
    """The settings in the TOML text `toml`; `source` is the file's name for error sentences.

    Raises SettingsError with every problem and its line.
    """
    return validate(parse(toml, source), source, stacks, lines_in(toml))


def parse(toml: str, source: str) -> dict[str, Any]:
    """The TOML text `toml` as nested dictionaries. Raises SettingsError when it is none."""
    try:
        return tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            [Problem("", f"is not TOML: {error}; mend that place, then run the command again")],
            source,
        ) from error


def lines_in(toml: str) -> Where:
    """What tells the line of a key in the TOML text `toml`, or of the nearest one around it."""
    lines = key_lines(toml)

    def where(path: Path) -> str:
        while path and path not in lines:
            path = path[:-1]
        return f"line {lines[path]}" if path else ""

    return where


def validate(
    data: Mapping[str, Any], source: str, stacks: Mapping[str, Stack], where: Where = lambda _: ""
) -> Settings:
    """Settings from nested dictionaries in the shape of `nvrstack.toml`.

    `where` tells the origin of a key, for the sentence about it. Raises SettingsError.
    """
    stack = stacks.get(str(data.get("stack")))
    merged = merge(stack.defaults, data) if stack else dict(data)
    problems: list[Problem] = []
    bad: set[str] = set()
    requires = stack.requires if stack else {}
    missing = {key for key in requires if lookup(merged, key) is None}
    for key in sorted(missing):
        sentence = f"is missing; the stack {merged['stack']} needs it: {requires[key]}"
        problems.append(Problem(key, sentence, where(tuple(key.split(".")))))
    # One sentence about the missing key is enough: none about its section.
    merged = merge({key.partition(".")[0]: {} for key in missing}, merged)
    if stack is None:
        missing.add("stack")
        problems.append(
            Problem("stack", unknown_stack(data.get("stack"), stacks), where(("stack",)))
        )
    try:
        settings: Settings | None = Settings.model_validate(merged)
    except ValidationError as error:
        settings = None
        for detail in error.errors():
            path = detail["loc"]
            bad.add(dotted(path))
            if dotted(path) not in missing:
                problems.append(Problem(dotted(path), _sentence(detail), where(path)))
    if stack is not None:
        problems.extend(_broken_rules(settings or _repaired(merged), stack, bad | missing, where))
    if problems or settings is None:
        raise SettingsError(problems, source)
    return settings


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`under` with everything of `over` put on top, table by table."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[key] = merge(below, value) if both else value  # type: ignore[arg-type]
    return result


def lookup(data: Mapping[str, Any], key: str) -> Any:
    """The value at a dotted key, or None."""
    for part in key.split("."):
        if not isinstance(data, Mapping) or part not in data:
            return None
        data = data[part]
    return data


def dotted(path: Path) -> str:
    """`("site", "aliases", 1)` as `site.aliases[1]`."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def setting_type(key: str) -> Any:
    """The annotation of the setting with the dotted name `key`, or None where there is none."""
    model: Any = Settings
    for part in key.split("."):
        if part.isdigit() and get_origin(model) is tuple:
            model = get_args(model)[0]
            continue
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return None
        names = {field.alias or name: field for name, field in model.model_fields.items()}
        if part not in names:
            return None
        model = names[part].annotation
    return model


def _broken_rules(
    settings: Settings | None, stack: Stack, bad: set[str], where: Where
) -> Iterator[Problem]:
    if settings is None:
        return
    for rule, keys in {**RULES, **CERTIFICATE_RULES, **DDNS_RULES}.items():
        if not any(
            name == key or name.startswith((f"{key}[", f"{key}.")) for key in keys for name in bad
        ):
            for key, sentence in rule(settings, stack):
                path = tuple(
                    int(p) if p.isdigit() else p
                    for p in key.replace("[", ".").replace("]", "").split(".")
                )
                yield Problem(key, sentence, where(path))


def _repaired(data: Mapping[str, Any]) -> Settings | None:
    """The settings without their bad values, so that rules on the good ones can still speak."""
    candidate = merge(SKELETON, data)
    for _ in range(100):
        try:
            return Settings.model_validate(candidate)
        except ValidationError as error:
            before = repr(candidate)
            for detail in error.errors():
                candidate = _without(candidate, detail["loc"])
            candidate = merge(SKELETON, candidate)
            if repr(candidate) == before:
                return None
    return None


def _without(data: Mapping[str, Any], path: Path) -> dict[str, Any]:
    result = dict(data)
    head, rest = str(path[0]), path[1:]
    if rest and isinstance(result.get(head), Mapping):
        result[head] = _without(result[head], rest)
    else:
        result.pop(head, None)
    return result


def _sentence(detail: ErrorDetails) -> str:
    kind, given = detail["type"], detail["input"]
    path = detail["loc"]
    if kind == "nvrstack":
        return detail["msg"]
    if kind == "missing":
        return "is missing; add it, or run `nvrstack init` in a new directory to see how it looks"
    if kind == "extra_forbidden":
        parent = setting_type(".".join(str(p) for p in path[:-1])) if path[:-1] else Settings
        fields = getattr(parent, "model_fields", {})
        return unknown_key(dotted(path), [f.alias or name for name, f in fields.items()])
    if kind == "literal_error":
        choices = get_args(setting_type(".".join(map(str, path))))
        return f"is {given!r}; expected one of {', '.join(repr(c) for c in choices)}"
    return f"is {given!r}; expected {EXPECTED.get(kind, detail['msg'].lower())}"

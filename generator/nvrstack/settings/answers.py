"""Answers to `init` from options, environment and files, as nested dictionaries."""

import posixpath
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Any, get_args, get_origin

from nvrstack.errors import InputError
from nvrstack.settings.lines import key_lines
from nvrstack.settings.load import lookup, merge, setting_type, validate
from nvrstack.settings.model import Settings
from nvrstack.settings.problems import Problem, SettingsError, unknown_key
from nvrstack.stacks import Stack

PREFIX = "NVRSTACK_"
FILES = ("certificate.authority_root", "certificate.chain_file", "certificate.key_file")
"""The settings that name a file of the owner's."""


@dataclass(frozen=True)
class Answers:
    """Settings collected from several places, and which place each key came from."""

    data: Mapping[str, Any]
    origins: Mapping[str, str]

    def over(self, under: "Answers") -> "Answers":
        """These answers on top of `under`."""
        return Answers(merge(under.data, self.data), {**under.origins, **self.origins})


def from_here(answers: Answers, here: PurePath) -> Answers:
    """The answers with the files that they name counted from `here`, where they were typed.

    A new project has no files yet that they could be counted from.
    """
    relative = {key: lookup(answers.data, key) for key in FILES}
    changes: dict[str, Any] = {
        key.partition(".")[2]: posixpath.normpath(here / value)
        for key, value in relative.items()
        if isinstance(value, str) and value.strip()
    }
    return Answers({"certificate": changes}, {}).over(answers) if changes else answers


def known_keys() -> tuple[str, ...]:
    """Every dotted key that a settings file may have, apart from the tables of `[[sites]]`."""
    keys: list[str] = []
    for name, field in Settings.model_fields.items():
        if name == "sites":
            continue
        inner = getattr(field.annotation, "model_fields", None)
        keys += [f"{name}.{sub}" for sub in inner] if inner else [field.alias or name]
    return tuple(keys)


def unknown_name(key: str) -> str:
    """The sentence for a dotted key that cannot be named."""
    if re.match(r"sites\b", key):
        return "has no name of its own; edit the tables [[sites]] in nvrstack.toml"
    return unknown_key(key, known_keys())


def from_pairs(pairs: Iterable[tuple[str, str, str]]) -> Answers:
    """Answers from (key, text, origin). Raises SettingsError that lists every unknown key.

    The text is read as the setting's type wants it: a number, true or false, or a list with
    commas between.
    """
    data: dict[str, Any] = {}
    origins: dict[str, str] = {}
    problems = []
    for key, text, origin in pairs:
        if key not in known_keys():
            problems.append(Problem(key, unknown_name(key), origin))
            continue
        data = merge(data, from_value(key, _typed(key, text)))
        origins[key] = origin
    if problems:
        raise SettingsError(problems, "the settings given")
    return Answers(data, origins)


def from_assignments(assignments: Iterable[str]) -> Answers:
    """Answers from `--set KEY=VALUE` options."""
    pairs = []
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise InputError(
                f"--set {assignment}: has no value",
                "write --set KEY=VALUE, as in --set site.https_port=8443",
            )
        pairs.append((key.strip(), text, f"--set {key.strip()}"))
    return from_pairs(pairs)


def from_environment(environ: Mapping[str, str]) -> Answers:
    """Answers from variables such as NVRSTACK_SITE__DOMAIN: two underscores for the dot."""
    return from_pairs(
        (name.removeprefix(PREFIX).lower().replace("__", "."), text, f"variable {name}")
        for name, text in sorted(environ.items())
        if name.startswith(PREFIX)
    )


def from_toml(toml: str, source: str) -> Answers:
    """Answers from a file in the form of `nvrstack.toml`, which may say less."""
    try:
        data = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"{source}: is not TOML: {error}", "mend that place, then run it again"
        ) from error
    keys = [
        f"{name}.{key}" if key else name
        for name, value in data.items()
        for key in (value if isinstance(value, dict) else [""])
    ]
    lines = key_lines(toml)
    found = {key: lines.get(tuple(key.split("."))) for key in keys}
    return Answers(data, {k: f"{source} line {n}" if n else source for k, n in found.items()})


def answer_problem(
    key: str, text: str, known: Mapping[str, Any], stacks: Mapping[str, Stack]
) -> str | None:
    """What is wrong with one answer, given what else is `known`; None when it can be used."""
    data = merge(known, from_value(key, _typed(key, text)))
    try:
        validate(data, "", stacks)
    except SettingsError as error:
        about = (p.message for p in error.problems if p.key.partition("[")[0] == key)
        return next(about, None)
    except InputError as error:
        return f"{error.message}; {error.hint}"
    return None


def _typed(key: str, text: str) -> Any:
    kind = setting_type(key)
    origin = get_origin(kind)
    if origin is tuple:
        if text.lstrip().startswith("["):
            try:
                return tomllib.loads(f"value = {text}")["value"]
            except tomllib.TOMLDecodeError:
                return text
        return [part.strip() for part in text.split(",") if part.strip()]
    kinds = [get_args(k)[0] if get_origin(k) is Annotated else k for k in (kind, *get_args(kind))]
    if int in kinds and text.strip().removeprefix("-").isdecimal():
        return int(text)
    if kind is bool and text in ("true", "false"):
        return text == "true"
    return text


def from_value(key: str, value: Any) -> dict[str, Any]:
    """One setting, given by its dotted key, as nested dictionaries."""
    head, dot, rest = key.partition(".")
    return {head: from_value(rest, value) if dot else value}

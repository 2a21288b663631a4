"""Answers to `init` from options, environment and files, as nested dictionaries."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from nvrstack.errors import InputError
from nvrstack.settings.load import merge, setting_type
from nvrstack.settings.model import Settings
from nvrstack.settings.problems import Problem, SettingsError, unknown_key

PREFIX = "NVRSTACK_"


@dataclass(frozen=True)
class Answers:
    """Settings collected from several places, and which place each key came from."""

    data: Mapping[str, Any]
    origins: Mapping[str, str]

    def over(self, under: "Answers") -> "Answers":
        """These answers on top of `under`."""
        return Answers(merge(under.data, self.data), {**under.origins, **self.origins})


def known_keys() -> tuple[str, ...]:
    """Every dotted key that a settings file may have."""
    keys: list[str] = []
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        keys += [f"{name}.{sub}" for sub in inner] if inner else [field.alias or name]
    return tuple(keys)


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
            problems.append(Problem(key, unknown_key(key, known_keys()), origin))
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
    return Answers(data, dict.fromkeys(keys, source))


def check_answer(key: str, text: str) -> None:
    """Raise InputError, with the sentence about it, for an answer that is no value of `key`."""
    try:
        TypeAdapter(setting_type(key)).validate_python(_typed(key, text))
    except ValidationError as error:
        raise InputError(error.errors()[0]["msg"]) from error


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
    if int in (kind, *get_args(kind)) and text.strip().lstrip("-").isdigit():
        return int(text)
    if kind is bool and text in ("true", "false"):
        return text == "true"
    return text


def from_value(key: str, value: Any) -> dict[str, Any]:
    """One setting, given by its dotted key, as nested dictionaries."""
    head, dot, rest = key.partition(".")
    return {head: from_value(rest, value) if dot else value}

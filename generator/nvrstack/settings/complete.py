"""From all answers, and what a host suggests, to settings that are whole."""

from collections.abc import Mapping
from typing import Any

from nvrstack.settings.answers import Answers
from nvrstack.settings.load import dotted, merge, validate
from nvrstack.settings.model import Settings
from nvrstack.settings.problems import Problem, SettingsError
from nvrstack.settings.secrets import DDNS_PASSWORD, required_secrets
from nvrstack.stacks import Stack, load_stacks


def complete(
    given: Answers, found: Mapping[str, Any], secrets: Mapping[str, str]
) -> tuple[Settings, Stack]:
    """Valid settings from all answers, or SettingsError with everything wrong or missing."""
    stacks = load_stacks()
    data = merge(found, given.data)
    problems: list[Problem] = []
    settings: Settings | None = None
    try:
        settings = validate(
            data,
            "the settings given",
            stacks,
            lambda path: _origin(given, _key(dotted(path))),
        )
    except SettingsError as error:
        problems += error.problems
    stack = stacks.get(str(data.get("stack")))
    needed = required_secrets(settings) if settings else ()
    if settings is None and stack and stack.runs("ddclient"):
        needed = (DDNS_PASSWORD,)
    problems += [
        Problem(
            f"the secret {secret.name}",
            f"is missing; put it into a file and add --secret-file {secret.name}=FILE",
        )
        for secret in needed
        if not secrets.get(secret.name)
    ]
    if problems or settings is None:
        missing = any("is missing" in problem.message for problem in problems)
        failure = SettingsError(problems, "the settings given")
        if missing:
            failure.hint = "give each with --set KEY=VALUE, or run init in a terminal to be asked"
        raise failure
    return settings, stacks[settings.stack]


def _key(path: str) -> str:
    return path.partition("[")[0]


def _origin(given: Answers, key: str) -> str:
    inside = (origin for k, origin in given.origins.items() if k.startswith(f"{key}."))
    return given.origins.get(key) or next(inside, "")

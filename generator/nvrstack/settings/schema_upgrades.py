"""Settings files of older schemas, brought up to date step by step, comments kept."""

from collections.abc import Callable, Mapping

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError

from nvrstack.settings.model import SCHEMA

Step = Callable[[TOMLDocument], None]

STEPS: Mapping[int, Step] = {}
"""What leads from each older schema to the next. Schema 1 is the first, so there is none yet."""


def migrated(toml: str, steps: Mapping[int, Step] = STEPS, schema: int = SCHEMA) -> str:
    """The text of a settings file in `schema`, made from whichever older one it has.

    A file that is up to date, newer, or has no usable schema comes back as it is: reading it tells
    what is wrong.
    """
    try:
        document = tomlkit.parse(toml)
    except TOMLKitError:
        return toml
    present = document.get("schema")
    if not isinstance(present, int) or present not in steps:
        return toml
    for number in range(present, schema):
        steps[number](document)
        document["schema"] = number + 1
    return tomlkit.dumps(document)

"""Stacks: named recipes that say which services take part and what must be known for them."""

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nvrstack.errors import InputError
from nvrstack.resources import shipped

ALWAYS = ("moonfire-nvr", "nginx")
"""The services that every stack has."""


class Stack(BaseModel):
    """One file of `stacks/`.

    `requires` maps the dotted key of each setting that has no sensible default to a sentence for
    the person who is asked for it. `defaults` holds settings, in the shape of `nvrstack.toml`,
    that hold unless the file says otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    services: tuple[str, ...] = Field(strict=False)
    requires: dict[str, str]
    defaults: dict[str, Any]

    def runs(self, service: str) -> bool:
        """Whether `service` takes part."""
        return service in self.services


def load_stacks(
    folder: Traversable | None = None, templates: Traversable | None = None
) -> Mapping[str, Stack]:
    """Every stack of `folder` (the shipped ones), by name, in the order of their names.

    Raises InputError when a file cannot be read as a stack: its name differs from the file's,
    a key is missing or unknown, or a service has no templates.
    """
    folder = folder or shipped("stacks")
    templates = templates or shipped("compose-templates")
    services = {
        entry.name
        for entry in templates.iterdir()
        if entry.is_dir() and entry.joinpath("service.yaml.j2").is_file()
    }
    entries = sorted(
        (e for e in folder.iterdir() if e.name.endswith(".yaml")), key=lambda e: e.name
    )
    return {stack.name: stack for stack in (_load(entry, services) for entry in entries)}


def find_stack(name: str, stacks: Mapping[str, Stack]) -> Stack:
    """The stack called `name`. Raises InputError that lists the ones there are."""
    if name not in stacks:
        raise InputError(
            f"stack: there is no stack {name!r}",
            f"choose one of {', '.join(stacks)}; `nvrstack stacks` tells what each is for",
        )
    return stacks[name]


def _load(entry: Traversable, services: set[str]) -> Stack:
    where = f"stacks/{entry.name}"
    try:
        stack = Stack.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{where}: is not readable as YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{where}: {key or 'the file'}: {first['msg']}",
            "a stack has exactly the keys name, title, description, services, requires, defaults",
        ) from error
    if f"{stack.name}.yaml" != entry.name:
        raise InputError(f"{where}: name is {stack.name!r}; name the file {stack.name}.yaml")
    unknown = [service for service in stack.services if service not in services]
    missing = [service for service in ALWAYS if service not in stack.services]
    if unknown or missing:
        raise InputError(
            f"{where}: services: "
            + "; ".join(
                [f"{s!r} has no folder in compose-templates" for s in unknown]
                + [f"{s!r} is missing" for s in missing]
            )
        )
    return stack

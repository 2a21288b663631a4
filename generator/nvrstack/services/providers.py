"""Dynamic DNS providers: one entry each in `data/providers`, read as values."""

from collections.abc import Mapping
from functools import cache
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from nvrstack.resources import shipped


class Provider(BaseModel):
    """What ddclient and a person must know of one provider.

    `protocol` is ddclient's name; `since` the first ddclient release that has it. `login` and
    `password` say in the provider's own words what to enter; a `login` of None means that there is
    none. `keys` are the further settings of `[ddns]` it needs; `options` the fixed ddclient keys.
    `host_suffix` is cut from the host names before the provider sees them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    title: str
    documentation: str
    protocol: str
    since: str
    login: str | None
    password: str
    keys: dict[Literal["server", "zone"], Literal["required"]]
    options: dict[str, str]
    host_suffix: str = ""


@cache
def providers() -> Mapping[str, Provider]:
    """Every provider by name, `custom` last."""
    found = [
        Provider.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8")))
        for entry in shipped("providers").iterdir()
        if entry.name.endswith(".yaml")
    ]
    return {p.name: p for p in sorted(found, key=lambda p: (p.name == "custom", p.name))}

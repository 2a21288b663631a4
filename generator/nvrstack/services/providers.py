"""Dynamic DNS providers: one entry each in `data/providers`, read as values."""

from collections.abc import Mapping
from functools import cache
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from nvrstack.resources import shipped


class Provider(BaseModel):
    """What ddclient and a person must know of one provider.

    `protocol` is ddclient's name, and `since` the first ddclient release with which it works; none
    is older than 3.10.0, the first that takes an address of each family. `ipv6` is the first that
    also sends IPv6 addresses, None where none does. `free` says what has to be there, and what is
    free of charge.

    `login` and `password` say in the provider's own words what to enter; a `login` of None means
    that there is none. `password_file` is for a password that ddclient reads from a file of that
    name. `keys` are the further settings of `[ddns]`, `options` the fixed ddclient keys, and
    `spelling` gives ddclient's name for a setting where it has another one. `host_suffix` is cut
    from the host names before the provider sees them. `pause` is the shortest time between two
    updates, in seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    title: str
    documentation: str
    protocol: str
    since: str
    ipv6: str | None
    free: str
    login: str | None
    password: str
    password_file: str | None = None
    host_suffix: str = ""
    pause: int = 30
    keys: dict[Literal["server", "ttl", "zone"], Literal["required", "optional"]]
    options: dict[str, str]
    spelling: dict[Literal["login", "password", "zone"], str] = {}

    def key(self, setting: Literal["login", "password", "zone"]) -> str:
        """Ddclient's name for a setting."""
        return self.spelling.get(setting, setting)


@cache
def providers() -> Mapping[str, Provider]:
    """Every provider by name, `custom` last."""
    found = [
        Provider.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8")))
        for entry in shipped("providers").iterdir()
        if entry.name.endswith(".yaml")
    ]
    return {p.name: p for p in sorted(found, key=lambda p: (p.name == "custom", p.name))}

"""Dynamic DNS providers: one entry each in `data/providers`, read as values."""

from collections.abc import Mapping
from functools import cache
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from nvrstack.resources import shipped
from nvrstack.services.releases import is_newer


class Provider(BaseModel):
    """What ddclient and a person must know of one provider.

    `protocol` is ddclient's name, and `since` the first ddclient release with which it works; none
    is older than 3.10.0, the first that takes an address of each family. `ipv6` is the first that
    also sends IPv6 addresses, None where none does. `free` says what has to be there, and what is
    free of charge.

    `login` and `password` say in the provider's own words what to enter; a `login` of None means
    that there is none. `password_file` is for a password that ddclient reads from a file of that
    name. `keys` are the further settings of `[ddns]`, `options` the fixed ddclient keys, and
    `spelling` gives ddclient's name for a setting where it has another one. `zone_setting` is the
    setting that names the zone which all host names must be in, where there is one, and `apex` what
    the provider calls the zone itself, where ddclient makes a label of each name. `host_suffix` is
    what the provider's own names end in: it is told the one label before it. `pause` is the
    shortest time between two updates, in seconds.
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
    zone_setting: Literal["login", "zone"] = "zone"
    apex: str | None = None
    host_suffix: str = ""
    pause: int = 30
    keys: dict[Literal["server", "ttl", "zone"], Literal["required", "optional"]]
    options: dict[str, str]
    spelling: dict[Literal["login", "password", "zone"], str] = {}

    def key(self, setting: Literal["login", "password", "zone"]) -> str:
        """Ddclient's name for a setting."""
        return self.spelling.get(setting, setting)

    def record(self, host: str) -> str:
        """The record by which a name is found: at some, every name below one's own is an alias."""
        if not self.host_suffix:
            return host
        return host.removesuffix(self.host_suffix).rpartition(".")[2] + self.host_suffix

    def told_as(self, record: str, zone: str | None) -> str:
        """What ddclient is given for a record."""
        if self.apex and record == zone:
            return self.apex
        return record.removesuffix(self.host_suffix)

    def full_name(self, told: str, zone: str | None) -> str:
        """The whole name of what ddclient is given, which may be a label or stand for the zone."""
        if zone and told == f"{self.apex}.{zone}":
            return zone
        if not zone or not self.apex or told == zone or told.endswith(f".{zone}"):
            return told.removesuffix(self.host_suffix) + self.host_suffix
        return zone if told == self.apex else f"{told}.{zone}"


@cache
def providers() -> Mapping[str, Provider]:
    """Every provider by name, `custom` last."""
    found = [
        Provider.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8")))
        for entry in shipped("providers").iterdir()
        if entry.name.endswith(".yaml")
    ]
    return {p.name: p for p in sorted(found, key=lambda p: (p.name == "custom", p.name))}


def provided_by(image: str) -> tuple[str, ...]:
    """The names of those with which an image's ddclient works; all, where its tag does not tell."""
    return tuple(p.name for p in providers().values() if not is_newer(p.since, image))

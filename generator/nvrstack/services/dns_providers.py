"""DNS providers for the DNS-01 challenge: one entry each in `data/dns-providers`."""

import configparser
import difflib
import io
import json
from collections.abc import Mapping
from functools import cache
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from nvrstack.resources import shipped


class DnsProvider(BaseModel):
    """What certbot and a person must know of one provider.

    `authenticator` is certbot's name of the plugin, `image` the repository of certbot's makers that
    has it; where they publish none, `package` names the plugin on PyPI, to be built in. `keys` are
    the credentials in the provider's own words, `optional` further ones; those in `shown` are no
    secrets. `propagation` says whether the plugin can be told how long to wait.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    title: str
    documentation: str
    authenticator: str
    image: str | None = None
    package: str | None = None
    credentials: Literal["ini", "aws", "json"] = "ini"
    keys: dict[str, str]
    optional: dict[str, str] = {}
    shown: tuple[str, ...] = ()
    propagation: bool = True

    @property
    def repository(self) -> str:
        """The repository of the image that has the plugin."""
        return self.image or f"nvrstack/certbot-{self.authenticator}"


@cache
def dns_providers() -> Mapping[str, DnsProvider]:
    """Every provider by name."""
    found = [
        DnsProvider.model_validate(yaml.safe_load(entry.read_text(encoding="utf-8")), strict=False)
        for entry in shipped("dns-providers").iterdir()
        if entry.name.endswith(".yaml")
    ]
    return {provider.name: provider for provider in sorted(found, key=lambda p: p.name)}


def credentials_text(provider: DnsProvider, values: Mapping[str, str]) -> str:
    """The file that certbot's plugin reads, from the value of each key."""
    if provider.credentials == "json":
        return json.dumps(dict(values))
    given = {key: value for key, value in values.items() if value}
    if provider.credentials == "aws":
        return "\n".join(["[default]", *(f"{key} = {value}" for key, value in given.items())])
    return "\n".join(f"{key} = {_quoted(value)}" for key, value in given.items())


def _quoted(value: str) -> str:
    """A value as certbot reads it (configobj): a comma would make a list, a hash a remark."""
    if not set(value) & set("#,'\""):
        return value
    return f"'{value}'" if '"' in value else f'"{value}"'


def credentials_problem(provider: DnsProvider, text: str) -> str | None:
    """What is wrong with a file of credentials, as far as its form tells; None when it can be used.

    No value is repeated: they are secrets.
    """
    if provider.credentials == "json":
        return _json_problem(provider, text)
    parser = configparser.ConfigParser(interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign] # certbot tells cases apart
    try:
        # certbot's own files have no section.
        parser.read_file(
            io.StringIO(text if provider.credentials == "aws" else f"[default]\n{text}")
        )
        given = dict(parser["default"])
    except (configparser.Error, KeyError):
        wanted = "[default] and lines" if provider.credentials == "aws" else "lines"
        return f"is not readable; expected {wanted} such as {next(iter(provider.keys))} = VALUE"
    known = {**provider.keys, **provider.optional}
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key.lower(), known, n=1)
            if near:
                return f"{key} is not a key of {provider.title}; did you mean {near[0]}?"
            # What is like no key may be a secret that stands there by itself, with an =.
            return f"has a line that is no key of {provider.title}; expected {', '.join(known)}"
    for key, words in provider.keys.items():
        if not given.get(key, "").strip("\"' "):
            return f"{key} is missing; {provider.title} wants {words}"
    return None


def _json_problem(provider: DnsProvider, text: str) -> str | None:
    try:
        data = json.loads(text)
    except ValueError:
        return f"is not readable as JSON; {provider.title} wants the file as it was downloaded"
    lacking = [key for key in provider.keys if not isinstance(data, dict) or not data.get(key)]
    return (
        f"has no {lacking[0]}; {provider.title} wants the file as it was downloaded"
        if lacking
        else None
    )

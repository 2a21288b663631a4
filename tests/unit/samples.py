"""Settings that are right, to be made wrong in one place."""

from collections.abc import Mapping
from typing import Any

from nvrstack.settings.load import merge, validate
from nvrstack.settings.model import Settings
from nvrstack.stacks import load_stacks

STACKS = load_stacks()
NAMES = tuple(STACKS)
PASSWORD = "tr0ub4dor&3-ddns"

GOOD = """\
schema = 1
stack = "router-ddns"

[project]
uid = 1000
gid = 1000

[site]
domain = "nvr.example.com"

[moonfire]
uid = 998
gid = 997
timezone = "Europe/Berlin"
state_dir = "data/moonfire"

[network]
backend_subnet = "172.31.255.0/29"
"""
"""The shortest complete nvrstack.toml."""

USUAL: Mapping[str, Any] = {
    "schema": 1,
    "project": {"uid": 1000, "gid": 1000},
    "site": {"domain": "nvr.example.com"},
    "moonfire": {"uid": 998, "gid": 997, "timezone": "Europe/Berlin", "state_dir": "data/moonfire"},
    "network": {"backend_subnet": "172.31.255.0/29"},
}
NEEDED: Mapping[str, Mapping[str, Any]] = {
    "public": {"ddns": {"provider": "noip", "login": "me"}},
    "lan": {"site": {"domain": "nvr.home.arpa"}},
}


def settings_for(stack: str, change: Mapping[str, Any] | None = None) -> Settings:
    """Valid settings of a stack, with one change."""
    data = merge(merge(USUAL, NEEDED.get(stack, {})), change or {})
    return validate({**data, "stack": stack}, "nvrstack.toml", STACKS)


def secrets_for(stack: str, password: str = PASSWORD) -> dict[str, str]:
    """What a stack needs beside its settings."""
    return {"ddns_password": password} if stack == "public" else {}

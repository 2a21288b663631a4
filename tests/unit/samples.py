"""Settings that are right, to be made wrong in one place."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nvrstack.pki.certificates import Pair, local_leaf, local_root
from nvrstack.services.dns_providers import DnsProvider, credentials_text, dns_providers
from nvrstack.settings.load import merge, validate
from nvrstack.settings.model import Settings
from nvrstack.settings.secrets import DNS_CREDENTIALS, required_secrets
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
    "dns-challenge": {"certificate": {"dns_provider": "cloudflare"}},
    "own-certificate": {"certificate": {"chain_file": "own.pem", "key_file": "own.key"}},
}


def settings_for(stack: str, change: Mapping[str, Any] | None = None) -> Settings:
    """Valid settings of a stack, with one change."""
    data = merge(merge(USUAL, NEEDED.get(stack, {})), change or {})
    return validate({**data, "stack": stack}, "nvrstack.toml", STACKS)


def secrets_for(stack: str, password: str = PASSWORD) -> dict[str, str]:
    """What a stack needs beside its settings."""
    return secrets_of(settings_for(stack), password)


def secrets_of(settings: Settings, password: str = PASSWORD) -> dict[str, str]:
    """What settings need beside themselves; where it is a file of credentials, a right one."""
    secrets = {secret.name: password for secret in required_secrets(settings)}
    if DNS_CREDENTIALS.name in secrets:
        provider = dns_providers()[settings.certificate.dns_provider or ""]
        secrets[DNS_CREDENTIALS.name] = credentials_of(provider)
    return secrets


def own_pair(settings: Settings) -> Pair:
    """A certificate for these settings from an authority that is somebody's own."""
    names, now = settings.every_name, datetime.now(UTC)
    below = [name.removeprefix("*.") for name in names]
    return local_leaf(local_root(below, now), names, now)


def credentials_of(provider: DnsProvider, value: str = "t0ken") -> str:
    """Credentials that a DNS provider's plugin could read."""
    if provider.credentials == "json":
        return json.dumps(dict.fromkeys(provider.keys, value))
    return credentials_text(provider, dict.fromkeys(provider.keys, value))


LABEL_63 = "a" * 63
DOMAIN_253 = f"{LABEL_63}.{'b' * 63}.{'c' * 63}.{'d' * 57}.com"

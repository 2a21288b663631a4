"""From the host's ddclient to the settings of the project's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nvrstack.migration.around import rules
from nvrstack.migration.around.ddclient_conf import DdclientConf, Host
from nvrstack.migration.around.ddclient_ways import (
    PACE,
    address_settings,
    differences,
    is_on,
    shown,
)
from nvrstack.migration.findings import Finding
from nvrstack.services.providers import Provider, providers
from nvrstack.settings.values import UNITS

DEFAULT_PROTOCOL = "dyndns2"
DEFAULT_SERVER = "members.dyndns.org"
"""What ddclient takes where the file says nothing (ddclient(1))."""
SHORTEST_TTL, LONGEST_TTL = 300, 86_400
"""Seconds, of a project's records."""


@dataclass(frozen=True)
class Ddns:
    """Settings by their dotted names, and the password for `secrets/ddns_password`.

    Both are empty where nvrstack cannot take the updates over; why is in `warnings`.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    password: str | None = field(default=None, repr=False)
    warnings: tuple[Finding, ...] = ()


def ddns_settings(conf: DdclientConf, domain: str | None = None) -> Ddns:
    """The settings that keep the same hosts up to date at the same provider.

    Of several accounts, the one that updates `domain` counts, or else the first.
    """
    said = _about_lines(conf)
    if not conf.hosts:
        return Ddns(warnings=said)
    first = next((host for host in conf.hosts if _updates(host, domain)), conf.hosts[0])
    found = _alone(first)
    if not found.settings:
        return Ddns(warnings=(*found.warnings, *said))
    same = [host for host in conf.hosts if _alone(host) == found]
    names = dict.fromkeys(_full_name(host, _provider(host)[0]) for host in same)
    interval = _seconds(conf.general.get("daemon", first.settings.get("daemon", "")))
    settings = {**found.settings, "ddns.hosts": tuple(names)}
    if interval:
        settings["ddns.interval"] = f"{max(interval, 60)}s"
    others = [host for host in conf.hosts if host not in same]
    warnings = (*_other_accounts(others, same), *_left_out(same), *found.warnings, *said)
    return Ddns(settings, found.password, warnings)


def _alone(host: Host) -> Ddns:
    """What one host amounts to, without its name: equal for those that a project can take over."""
    provider, server = _provider(host)
    if provider is None:
        protocol = shown(host.settings.get("protocol", DEFAULT_PROTOCOL))
        told = server if re.fullmatch(r"[\w.-]+(:\d+)?", server) else "its own server"
        return Ddns(warnings=(rules.DDNS_PROVIDER(protocol=protocol, server=told),))
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", _full_name(host, provider)):
        what = f"ddclient updates {shown(host.name)}, which is no name of a host"
        return Ddns(warnings=(rules.DDNS_LEFT_RUNNING(what=what),))
    unlike = next(differences(host, provider), None)
    if unlike is not None:
        return Ddns(warnings=(rules.DDNS_LEFT_RUNNING(what=unlike),))
    if not _has_fitting_key(host, provider):
        return Ddns(warnings=(_other_key(host, provider),))
    settings: dict[str, Any] = {"ddns.updater": "ddclient", "ddns.provider": provider.name}
    if provider.login:
        settings["ddns.login"] = host.settings.get(provider.key("login"), "")
    if "server" in provider.keys:
        settings["ddns.server"] = server
    zone = _zone(host, provider)
    if "zone" in provider.keys and zone is not None:
        settings["ddns.zone"] = zone
    ttl = _seconds(host.settings.get("ttl", "")) if "ttl" in provider.keys else None
    if ttl:
        settings["ddns.ttl"] = f"{min(max(ttl, SHORTEST_TTL), LONGEST_TTL)}s"
    settings |= address_settings(host.settings)
    password = _password(host, provider)
    missing = [] if password is not None else [_no_password(host, provider)]
    return Ddns(settings, password, tuple(missing))


def _provider(host: Host) -> tuple[Provider | None, str]:
    """The provider that a host's protocol and server belong to, and the server."""
    protocol = host.settings.get("protocol", DEFAULT_PROTOCOL).lower()
    server = re.sub(r"^https?://", "", host.settings.get("server", ""))
    if not server and protocol == DEFAULT_PROTOCOL:
        server = DEFAULT_SERVER
    fitting = [p for p in providers().values() if p.protocol == protocol]
    for provider in fitting:
        fixed = provider.options.get("server")
        if "server" not in provider.keys and (not server or server == fixed or fixed is None):
            return provider, server
    # One whose server is asked for takes any that is written as one.
    plain = re.fullmatch(r"[\w.-]+(:\d+)?/?", server)
    return next((p for p in fitting if "server" in p.keys and plain), None), server


def _updates(host: Host, domain: str | None) -> bool:
    provider, _ = _provider(host)
    return provider is not None and _full_name(host, provider) == domain


def _zone(host: Host, provider: Provider) -> str | None:
    """The zone that a host's record is in."""
    told = host.settings.get(provider.key(provider.zone_setting))
    if told is None and provider.key("zone") == "root-domain":
        # So does ddclient, for Porkbun.
        apex = is_on(host.settings.get("on-root-domain"))
        return host.name if apex else host.name.partition(".")[2]
    return told


def _full_name(host: Host, provider: Provider | None) -> str:
    """The whole name of a host: some providers are told its first part alone."""
    return host.name if provider is None else provider.full_name(host.name, _zone(host, provider))


def _password(host: Host, provider: Provider) -> str | None:
    if provider.password_file is not None or "password_env" in host.settings:
        return None
    key = provider.key("password")
    return host.password if key == "password" else host.settings.get(key)


def _no_password(host: Host, provider: Provider) -> Finding:
    path = host.password or ""
    is_path = provider.password_file is not None and path.startswith("/")
    return rules.DDNS_PASSWORD(file=path if is_path else "FILE")


def _has_fitting_key(host: Host, provider: Provider) -> bool:
    """Whether the host signs in in the one way that the project has for this provider."""
    login, wanted = host.settings.get("login", ""), provider.options.get("login")
    if wanted is not None and provider.password_file is None and login not in ("", wanted):
        return False
    switches = [key for key, value in provider.options.items() if value == "yes"]
    return all(is_on(host.settings.get(key)) for key in switches)


def _other_key(host: Host, provider: Provider) -> Finding:
    zone = _zone(host, provider)
    given = {"ddns.provider": provider.name} | ({"ddns.zone": shown(zone)} if zone else {})
    return rules.DDNS_CREDENTIALS(
        provider=provider.title,
        password=provider.password,
        settings=" ".join(f"--set {key}={value}" for key, value in given.items()),
    )


def _seconds(text: str) -> int | None:
    match = re.fullmatch(r"(\d{1,9})\s*([smhd]?)\w*", text.strip())
    return int(match[1]) * UNITS.get(match[2], 1) if match else None


def _other_accounts(others: list[Host], same: list[Host]) -> list[Finding]:
    if not others:
        return []
    names = [", ".join(shown(host.name) for host in hosts) for hosts in (others, same)]
    return [rules.DDNS_SEVERAL(others=names[0], same=names[1])]


def _left_out(hosts: list[Host]) -> list[Finding]:
    left = sorted({key for host in hosts for key in host.settings} & PACE)
    return [rules.DDNS_OPTIONS(left=", ".join(left))] if left else []


def _about_lines(conf: DdclientConf) -> tuple[Finding, ...]:
    """What a person may have meant otherwise than ddclient reads it."""
    found = []
    if conf.blank is not None:
        found.append(rules.DDNS_BLANK(conf.blank, number=conf.blank))
    if conf.unfinished is not None:
        found.append(rules.DDNS_UNFINISHED(conf.unfinished, number=conf.unfinished))
    return tuple(found)

"""From the host's ddclient to the settings of the project's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nvrstack.migration.around import rules
from nvrstack.migration.around.ddclient_conf import DdclientConf, Host
from nvrstack.migration.findings import Finding
from nvrstack.services.providers import Provider, providers
from nvrstack.settings.values import UNITS

DEFAULT_PROTOCOL = "dyndns2"
DEFAULT_SERVER = "members.dyndns.org"
"""What ddclient takes where the file says nothing (ddclient(1))."""
ANSWERED_ELSEWHERE = frozenset(
    {
        "cache", "daemon", "foreground", "fw", "fw-skip", "fwv4", "fwv4-skip", "host", "if", "ifv4",
        "login", "mail", "mail-failure", "password", "pid", "protocol", "script", "server", "ssl",
        "syslog", "use", "usev4", "verbose", "web", "web-skip", "webv4", "webv4-skip", "zone",
    }
)  # fmt: skip
"""What the project's ddclient is told otherwise, or what a container has no use for."""
BY_WEB = frozenset({"web", "webv4"})
BY_INTERFACE = frozenset({"if", "ifv4"})
BY_PAGE = frozenset({"fw", "fwv4"})
USUAL_SCRIPT = "/nic/update"
"""The path of the protocol dyndns2 where the file names none (ddclient(1))."""


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
    if not conf.hosts:
        return Ddns()
    first = next((host for host in conf.hosts if _updates(host, domain)), conf.hosts[0])
    provider, server = _provider(first)
    if provider is None:
        protocol = first.settings.get("protocol", DEFAULT_PROTOCOL)
        return Ddns(
            warnings=(rules.DDNS_PROVIDER(protocol=protocol, server=server or "its own server"),)
        )
    strange = _strange(first, provider)
    if strange is not None:
        return Ddns(warnings=(strange,))
    same = [host for host in conf.hosts if _account(host) == _account(first)]
    settings: dict[str, Any] = {
        "ddns.updater": "ddclient",
        "ddns.provider": provider.name,
        "ddns.hosts": tuple(_full_name(host, provider) for host in same),
    }
    if provider.login:
        settings["ddns.login"] = first.settings.get("login", "")
    if "server" in provider.keys:
        settings["ddns.server"] = server
    if "zone" in provider.keys and "zone" in first.settings:
        settings["ddns.zone"] = first.settings["zone"]
    settings |= _address(first.settings)
    interval = _seconds(conf.general.get("daemon", first.settings.get("daemon", "")))
    if interval:
        settings["ddns.interval"] = f"{max(interval, 60)}s"
    warnings = [*_other_accounts(conf.hosts, same), *_left_out(same), *_login(first, provider)]
    if first.password is None:
        warnings.append(rules.DDNS_PASSWORD())
    return Ddns(settings, first.password, tuple(warnings))


def _provider(host: Host) -> tuple[Provider | None, str]:
    """The provider that a host's protocol and server belong to, and the server."""
    protocol = host.settings.get("protocol", DEFAULT_PROTOCOL)
    server = re.sub(r"^https?://", "", host.settings.get("server", ""))
    if not server and protocol == DEFAULT_PROTOCOL:
        server = DEFAULT_SERVER
    fitting = [p for p in providers().values() if p.protocol == protocol]
    for provider in fitting:
        fixed = provider.options.get("server")
        if "server" not in provider.keys and (not server or server == fixed or fixed is None):
            return provider, server
    # One whose server is asked for takes any.
    return next((p for p in fitting if "server" in p.keys), None), server


def _method(settings: Mapping[str, str]) -> str:
    """How the host's IPv4 address is learnt; a file that says nothing of it leaves that to us."""
    return settings.get("usev4") or settings.get("use") or "web"


def _address(settings: Mapping[str, str]) -> dict[str, Any]:
    """The settings by which the address is learnt in the same way; none for a web service."""
    method = _method(settings)
    if method in BY_INTERFACE:
        return {"ddns.interface": settings.get("ifv4") or settings.get("if", "")}
    if method not in BY_PAGE:
        return {}
    page = settings.get("fwv4") or settings.get("fw", "")
    found = {"ddns.router_page": page if "://" in page else f"http://{page}"}
    text = settings.get("fwv4-skip") or settings.get("fw-skip")
    return found | ({"ddns.router_text": text} if text else {})


def _strange(host: Host, provider: Provider) -> Finding | None:
    """Why updates would no longer be what they are: another path, or another way to the address."""
    told = host.settings
    script, method = told.get("script", USUAL_SCRIPT), _method(told)
    if script not in {USUAL_SCRIPT, provider.options.get("script")}:
        what = f"ddclient updates {host.name} by the path {script}, which no project asks for"
    elif method not in BY_WEB | BY_INTERFACE | BY_PAGE:
        value = told.get(f"{method}v4") or told.get(method, "")
        shown = f"{method} ({value})" if value else method
        what = f"ddclient learns the address of {host.name} by {shown}, as no project can"
    else:
        return None
    return rules.DDNS_LEFT_RUNNING(what=what)


def _updates(host: Host, domain: str | None) -> bool:
    provider, _ = _provider(host)
    return provider is not None and _full_name(host, provider) == domain


def _account(host: Host) -> tuple[str | None, ...]:
    keys = ("protocol", "server", "login", "zone")
    return (*(host.settings.get(key) for key in keys), host.password)


def _full_name(host: Host, provider: Provider) -> str:
    """The whole name of a host: some providers are told its first part alone."""
    return provider.full_name(host.name, host.settings.get(provider.zone_setting))


def _seconds(text: str) -> int | None:
    match = re.fullmatch(r"(\d{1,9})\s*([smhd]?)\w*", text.strip())
    return int(match[1]) * UNITS.get(match[2], 1) if match else None


def _other_accounts(hosts: tuple[Host, ...], same: list[Host]) -> list[Finding]:
    others = [host.name for host in hosts if host not in same]
    if not others:
        return []
    return [
        rules.DDNS_SEVERAL(others=", ".join(others), same=", ".join(host.name for host in same))
    ]


def _left_out(hosts: list[Host]) -> list[Finding]:
    left = sorted({key for host in hosts for key in host.settings} - ANSWERED_ELSEWHERE)
    if not left:
        return []
    return [rules.DDNS_OPTIONS(left=", ".join(left))]


def _login(host: Host, provider: Provider) -> list[Finding]:
    login = host.settings.get("login", "")
    expected = provider.options.get("login")
    if provider.login or login in ("", expected):
        return []
    return [
        rules.DDNS_CREDENTIALS(provider=provider.title, login=login, password=provider.password)
    ]

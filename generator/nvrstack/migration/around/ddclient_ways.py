"""What a host's ddclient does, and whether the project's can do the same.

Reasons name settings, never their values: commands, addresses of pages and paths may hold keys.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from nvrstack.migration.around.ddclient_conf import Host
from nvrstack.services.providers import Provider

USUAL_SCRIPT = "/nic/update"
"""The path of the protocol dyndns2 where the file names none (ddclient(1))."""
BY_WEB = frozenset({"web", "webv4"})
BY_INTERFACE = {"if": "ppp0", "ifv4": "default"}
"""Each with the interface that ddclient takes where none is named."""
BY_PAGE = frozenset({"fw", "fwv4"})
OTHER_DEEDS = (
    "backupmx", "custom", "fw-ssl-validate", "mx", "postscript", "proxy", "static", "wildcard",
)  # fmt: skip
PACE = frozenset({"max-interval", "min-interval", "min-error-interval"})
"""How often something is done, of which a project has one setting alone."""
ANSWERED_ELSEWHERE = frozenset(
    {
        "cache", "cmd", "cmd-skip", "cmdv4", "cmdv6", "daemon", "debug", "exec", "facility", "file",
        "force", "foreground", "fw", "fw-skip", "fwv4", "fwv4-skip", "fwv6", "fwv6-skip", "host",
        "if", "ifv4", "ifv6", "ip", "ipv4", "ipv6", "login", "mail", "mail-failure", "mail-from",
        "max-warn", "on-root-domain", "password", "pid", "priority", "protocol", "quiet", "retry",
        "script", "server", "ssl", "ssl_ca_dir", "ssl_ca_file", "syslog", "test", "timeout", "ttl",
        "use", "usev4", "usev6", "verbose", "web", "web-skip", "web-ssl-validate", "webv4",
        "webv4-skip", "webv6", "webv6-skip", "zone",
    }
)  # fmt: skip
"""What the project's ddclient is told otherwise, or what a container has no use for."""
_OFF = frozenset({"", "n", "no", "f", "false", "0", "disabled"})


def is_on(value: str | None) -> bool:
    """Whether a setting says yes, or names a way, as ddclient understands it."""
    return (value or "").strip().lower() not in _OFF


def differences(host: Host, provider: Provider) -> Iterator[str]:
    """Why the project's updates would not be those of the host's ddclient, a sentence each."""
    told, name = host.settings, shown(host.name)
    if told.get("script", USUAL_SCRIPT) not in {USUAL_SCRIPT, provider.options.get("script")}:
        yield f"ddclient updates {name} by a path of its own (script), which no project asks for"
    if "server" in provider.keys and _plain_http(told):
        yield f"ddclient updates {name} without https, as no project does"
    yield from _address_differs(host)
    known = {*PACE, *ANSWERED_ELSEWHERE, *provider.options, *provider.spelling.values()}
    for key in sorted(told.keys() - known):
        if key != "password_env" and (key not in OTHER_DEEDS or is_on(told[key])):
            yield f"ddclient is told {shown(key)} for {name}, which no project has"


def _plain_http(told: Mapping[str, str]) -> bool:
    return told.get("server", "").startswith("http://") or not is_on(told.get("ssl", "yes"))


def _ipv4_method(told: Mapping[str, str]) -> str | None:
    """How the IPv4 address is learnt; None for a host that has an IPv6 address alone.

    A file that says nothing of it leaves that to us.
    """
    for key in ("usev4", "use"):
        if is_on(told.get(key)):
            return told[key].lower()
    return None if is_on(told.get("usev6")) else "web"


def _address_differs(host: Host) -> Iterator[str]:
    told, name = host.settings, shown(host.name)
    method = _ipv4_method(told)
    if method is None:
        yield f"ddclient gives {name} an IPv6 address alone, and a project listens on IPv4 alone"
    elif method not in BY_WEB | BY_INTERFACE.keys() | BY_PAGE:
        yield f"ddclient learns the address of {name} by {shown(method)}, as no project can"
    elif method in BY_PAGE and (
        {"fw-login", "fw-password"} & told.keys() or set("@?") & set(_page(told))
    ):
        # What follows a question mark may be a key, and settings are no place for one.
        yield f"ddclient signs in to the page that tells the address of {name}"
    elif is_on(told.get("usev6")):
        yield f"ddclient gives {name} an IPv6 address too, and a project listens on IPv4 alone"
    if is_on(told.get("ipv6")) and ":" not in told["ipv6"]:
        yield f"ddclient is told to look for an IPv6 address of {name}"


def _page(told: Mapping[str, str]) -> str:
    return told.get("fwv4") or told.get("fw", "")


def address_settings(told: Mapping[str, str]) -> dict[str, Any]:
    """The settings by which the address is learnt in the same way; none for a web service."""
    method = _ipv4_method(told)
    if method in BY_INTERFACE:
        return {"ddns.interface": told.get(method) or told.get("if") or BY_INTERFACE[method]}
    if method not in BY_PAGE:
        return {}
    page = _page(told)
    found = {"ddns.router_page": page if "://" in page else f"http://{page}"}
    text = told.get("fwv4-skip") or told.get("fw-skip")
    return found | ({"ddns.router_text": text} if text else {})


def shown(word: str) -> str:
    """A name as the file has it, if it looks like one; what else stands there may be a key."""
    return word if re.fullmatch(r"[\w.*@-]{1,253}", word) else "another one"

"""Certbot's renewal files, and what they must say so that certbot in a container can renew.

https://eff-certbot.readthedocs.io/en/stable/using.html: the file of a lineage names the plugin that
answered its challenge. The official image has neither nginx's nor a web server on the host, so the
challenge goes to the folder that the project's nginx serves; account, authority and key stay.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nvrstack.migration.around import rules
from nvrstack.migration.findings import Finding
from nvrstack.services.acme import PROFILES
from nvrstack.services.dns_providers import dns_providers

DIRECTORY = "/etc/letsencrypt"
WEBROOT = "/var/www/webroot"
"""Where the project's certbot puts challenges, in its container."""
LETSENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"
PARAMETERS = "renewalparams"
HEADER = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]+\s*(?:#.*)?")
PATHS = ("archive_dir", "cert", "privkey", "chain", "fullchain")
GONE = re.compile(
    r"installer|authenticator|webroot_path|webroot_map|(?:pre|post|renew)_hook"
    r"|autorenew|renew_before_expiry|(?:required|preferred)_profile"
    r"|(?:nginx|standalone|apache|dns|http01|manual|preferred_chall|pref_chall)\w*"
)
"""Options about plugins and about commands of the host; certbot sets its own defaults. Others
would keep a certificate from being renewed at all, or renew a short-lived one at every look, or
are spelt otherwise here."""

PROFILE = ("required_profile", "preferred_profile")
"""Two ways to ask for a kind of certificate; the project asks by the second one."""

OVER_HTTP = frozenset({"nginx", "apache", "standalone", "webroot"})
"""The plugins that answer at port 80, as the project does."""


@dataclass(frozen=True)
class Lineage:
    """One certificate and how it has been renewed. `key_type` is rsa where nothing is said.

    `credentials` is the path of the file by which a plugin signs in to a DNS provider, `profile`
    what the authority calls its kind of certificate.
    """

    name: str
    authenticator: str
    server: str
    account: str | None
    key_type: str
    hooks: Mapping[str, str]
    credentials: str | None = None
    profile: str | None = None
    warnings: tuple[Finding, ...] = ()


def read_renewal(
    name: str, text: str, domains: Sequence[str] = (), accounts: Sequence[str] = ()
) -> Lineage:
    """Read `renewal/NAME.conf`.

    `domains` are those of its certificate, `accounts` the ids of every account at its server.
    """
    top, parameters = _sections(text)
    authenticator = parameters.get("authenticator", "")
    lineage = Lineage(
        name=name,
        authenticator=authenticator,
        server=parameters.get("server", LETSENCRYPT),
        account=parameters.get("account"),
        key_type=parameters.get("key_type", "rsa"),
        hooks={key: value for key, value in parameters.items() if key.endswith("_hook")},
        profile=next(filter(None, map(parameters.get, PROFILE)), None),
        credentials=parameters.get(f"{authenticator.replace('-', '_')}_credentials"),
    )
    warnings = [*_elsewhere(name, top), *_hooks(lineage), *_challenge(lineage, domains)]
    others = [account for account in accounts if account != lineage.account]
    if others and lineage.account is not None:
        warnings.append(
            rules.CERTBOT_ACCOUNTS(
                count=len(others) + 1, server=lineage.server, account=lineage.account, name=name
            )
        )
    return replace(lineage, warnings=tuple(warnings))


def with_webroot(text: str, domains: Sequence[str]) -> str:
    """The renewal file for the project's certbot: by webroot for `domains`, all else as it was."""
    return _with_plugin(
        text,
        "authenticator = webroot",
        # A list of one, by its comma (https://configobj.readthedocs.io).
        f"webroot_path = {WEBROOT},",
        "[[webroot_map]]",
        *(f"{domain} = {WEBROOT}" for domain in domains),
    )


def with_dns(text: str, authenticator: str) -> str:
    """The renewal file for the project's certbot, which is given credentials whenever it runs."""
    return _with_plugin(text, f"authenticator = {authenticator}")


def _with_plugin(text: str, *plugin: str) -> str:
    profile = next(filter(None, map(_sections(text)[1].get, PROFILE)), None)
    if profile in PROFILES:
        plugin = (*plugin[:1], f"preferred_profile = {profile}", *plugin[1:])
    parts: dict[str, list[str]] = {"": [], PARAMETERS: []}
    section = ""
    for line in text.splitlines():
        header = HEADER.fullmatch(line)
        section = header[1] if header is not None else section
        if header is None and not GONE.fullmatch(line.partition("=")[0].strip()):
            parts.setdefault(section, []).append(line)
    while parts[PARAMETERS] and not parts[PARAMETERS][-1].strip():
        parts[PARAMETERS].pop()
    return "\n".join([*parts[""], f"[{PARAMETERS}]", *parts[PARAMETERS], *plugin]) + "\n"


def _sections(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """What stands above all sections, and in `[renewalparams]`."""
    found: dict[str, dict[str, str]] = {"": {}, PARAMETERS: {}}
    section = ""
    for line in text.splitlines():
        header = HEADER.fullmatch(line)
        key, equals, value = line.partition("=")
        if header is not None:
            section = header[1]
        elif equals and not key.lstrip().startswith("#"):
            plain = re.sub(r"\s+#.*", "", value).strip().strip("\"'")
            found.setdefault(section, {})[key.strip()] = plain
    return found[""], found[PARAMETERS]


def parameters_of(text: str) -> Mapping[str, str]:
    """What a renewal file says in `[renewalparams]`."""
    return _sections(text)[1]


def _elsewhere(name: str, top: Mapping[str, str]) -> list[Finding]:
    away = [path for path in map(top.get, PATHS) if path and not path.startswith(f"{DIRECTORY}/")]
    if not away:
        return []
    return [rules.CERTBOT_PATHS(name=name, place=away[0].rpartition("/")[0], directory=DIRECTORY)]


def _hooks(lineage: Lineage) -> list[Finding]:
    return [
        rules.CERTBOT_HOOK(key=key, lineage=lineage.name, command=command)
        for key, command in lineage.hooks.items()
        if not key.startswith("manual_")
    ]


def dns_provider(authenticator: str) -> str | None:
    """The project's name of the DNS provider that a plugin of certbot's is for, if it knows it."""
    known = (p.name for p in dns_providers().values() if p.authenticator == authenticator)
    return next(known, None)


def hook_findings(scripts: Sequence[str], cli_ini: str) -> tuple[Finding, ...]:
    """Warnings about commands that certbot runs for every lineage.

    `scripts` are the files below `renewal-hooks`, `cli_ini` is the text of certbot's own settings.
    """
    lines = re.findall(r"^\s*((?:pre|post|deploy|renew)-hook)\s*=\s*(.*)", cli_ini, re.MULTILINE)
    commands = [*scripts, *(f"{key} of {DIRECTORY}/cli.ini ({value})" for key, value in lines)]
    return tuple(rules.CERTBOT_HOOK_ELSEWHERE(command=command) for command in commands)


def _challenge(lineage: Lineage, domains: Sequence[str]) -> list[Finding]:
    name = lineage.authenticator
    if dns_provider(name) is not None:
        return []
    if any(domain.startswith("*.") for domain in domains):
        return [rules.CERTBOT_WILDCARD(lineage=lineage.name, domains=", ".join(domains))]
    if name in {"", *OVER_HTTP}:
        return []
    command = lineage.hooks.get("manual_auth_hook")
    return [
        rules.CERTBOT_PLUGIN(
            lineage=lineage.name, name=name, command=f" ({command})" if command else ""
        )
    ]

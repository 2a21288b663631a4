"""What the settings of `[ddns]` must satisfy together."""

from collections.abc import Iterator
from functools import partial
from typing import Literal

from nvrstack.services.providers import Provider, provided_by, providers
from nvrstack.services.releases import is_newer
from nvrstack.settings.model import Settings
from nvrstack.settings.rules import Finding, Rule
from nvrstack.settings.rules import rule as _rule
from nvrstack.stacks import Stack

DDNS_RULES: dict[Rule, tuple[str, ...]] = {}
"""Each rule with the keys it reads."""

KEYS: tuple[Literal["server", "ttl", "zone"], ...] = ("server", "ttl", "zone")
"""The settings that only some providers have."""

rule = partial(_rule, into=DDNS_RULES)


@rule("ddns.updater", "ddns.provider", "images.ddclient")
def updater_fits(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Ddclient runs exactly when it is the updater, and then needs a provider that it knows."""
    updater, name = settings.ddns.updater, settings.ddns.provider
    if stack.runs("ddclient") != (updater == "ddclient"):
        fitting = "public" if updater == "ddclient" else "router-ddns or lan"
        yield (
            "ddns.updater",
            f'is "{updater}", which the stack {stack.name} does not do; use the stack {fitting}',
        )
    elif name is not None and name not in providers():
        known = provided_by(settings.images.ddclient) if updater == "ddclient" else providers()
        yield "ddns.provider", f"{name!r} is not known; expected one of {', '.join(known)}"


@rule("ddns.updater", "ddns.provider", "ddns.login", "ddns.zone", "ddns.server", "ddns.ttl")
def provider_keys(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Each provider needs its own settings, and no others."""
    provider = providers().get(settings.ddns.provider or "")
    if settings.ddns.updater != "ddclient" or provider is None:
        return
    login = settings.ddns.login
    if provider.login and not login:
        yield "ddns.login", f"is missing; {provider.title} wants {provider.login}"
    if login and not provider.login:
        yield "ddns.login", f"{provider.title} uses no login; remove it"
    if login and (set(login) & set("#,") or any(char.isspace() for char in login)):
        yield (
            "ddns.login",
            f"{login!r} has a space, # or comma in it, which ddclient cannot read in a login",
        )
    for key in KEYS:
        value = getattr(settings.ddns, key)
        if provider.keys.get(key) == "required" and value is None:
            yield f"ddns.{key}", f"is missing; {provider.title} needs it"
        if key not in provider.keys and value is not None:
            yield f"ddns.{key}", f"{provider.title} does not use it; remove it"


@rule("ddns.updater", "ddns.provider", "ddns.families", "images.ddclient")
def ddclient_is_new_enough(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Each provider, and IPv6 with it, needs a ddclient of its own age or newer."""
    provider, image = providers().get(settings.ddns.provider or ""), settings.images.ddclient
    if settings.ddns.updater != "ddclient" or provider is None:
        return
    wanted = "ipv6" in settings.ddns.families
    if is_newer(provider.since, image):
        yield (
            "ddns.provider",
            (
                f"{provider.title} works from ddclient {provider.since} on, but images.ddclient is "
                f"{image}; name a newer image there, or choose another provider"
            ),
        )
    elif wanted and provider.ipv6 is None:
        yield (
            "ddns.families",
            f'ddclient sends no IPv6 address to {provider.title}; write families = ["ipv4"]',
        )
    elif wanted and is_newer(provider.ipv6 or "", image):
        yield (
            "ddns.families",
            (
                f"IPv6 at {provider.title} works from ddclient {provider.ipv6} on, but "
                f'images.ddclient is {image}; name a newer image, or write families = ["ipv4"]'
            ),
        )


@rule(
    "ddns.families",
    "ddns.address_services",
    "ddns.interface",
    "ddns.router_page",
    "ddns.router_text",
    "ddns.router_login",
)
def one_source_of_addresses(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """The address comes from an interface, else from the router's page, else from services."""
    ddns = settings.ddns
    if not ddns.families or len(set(ddns.families)) < len(ddns.families):
        yield "ddns.families", 'name "ipv4", "ipv6" or both, each once'
    if ddns.interface and ddns.router_page:
        yield "ddns.interface", "is given beside ddns.router_page; remove one of the two"
    if not ddns.address_services and not ddns.interface and not ddns.router_page:
        yield "ddns.address_services", "is empty; name at least one, such as https://icanhazip.com"
    for key in ("router_text", "router_login"):
        if getattr(ddns, key) and not ddns.router_page:
            yield f"ddns.{key}", "belongs to ddns.router_page, which is missing; add or remove it"


def zone_of(provider: Provider, settings: Settings) -> str | None:
    """The zone that a provider keeps, where it wants to know one."""
    if provider.zone_setting == "login":
        return (settings.ddns.login or "").lower() or None
    return settings.ddns.zone


@rule(
    "ddns.provider",
    "ddns.updater",
    "ddns.hosts",
    "ddns.zone",
    "ddns.login",
    "site.domain",
    "site.aliases",
    "site.redirects",
    "sites",
)
def provider_hosts(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """A provider changes records of one zone, or owns the end of every name that it updates.

    Some take any name for a label below the zone, and say that all is well.
    """
    provider = providers().get(settings.ddns.provider or "")
    if settings.ddns.updater != "ddclient" or provider is None:
        return
    zone = zone_of(provider, settings)
    for host in settings.ddns.hosts or settings.host_names:
        if not host.endswith(provider.host_suffix):
            yield (
                "ddns.hosts",
                (
                    f"{host!r} is not a name of {provider.title}; "
                    f"list the names that end in {provider.host_suffix}"
                ),
            )
        elif zone and host != zone and not host.endswith(f".{zone}"):
            yield (
                "ddns.hosts",
                (
                    f"{host!r} is not in the zone {zone} of ddns.{provider.zone_setting}, where "
                    f"{provider.title} would change another name for it; list the names that end "
                    f"in {zone}, and let the others lead here by a CNAME record"
                ),
            )

"""What is left for the owner to do, with their own names and addresses."""

import shlex
from dataclasses import dataclass

from nvrstack.rendering.context import install_url, public_https_port, url
from nvrstack.services.providers import providers
from nvrstack.settings.model import Settings

INIT_DATABASE = "docker compose run --rm moonfire-nvr init"


@dataclass(frozen=True)
class NextStep:
    """One thing to do, and how: a line for each part of it."""

    title: str
    lines: tuple[str, ...]


def next_steps(
    settings: Settings, project: str, *, has_database: bool, has_user: bool
) -> tuple[NextStep, ...]:
    """The three steps after `init`, and what an absent engine left undone."""
    database = () if has_database else (INIT_DATABASE,)
    start = (f"cd {shlex.quote(project)}", *database, "docker compose up -d")
    title = "Start it"
    if settings.certificate.is_acme:
        title += ", which accepts the certificate authority's terms of service"
    steps = [_outside(settings), NextStep(title, start)]
    if not has_user:
        steps.append(
            NextStep(
                "Make an account, for nobody can look without one",
                (f"nvrstack --project {shlex.quote(project)} user add NAME --admin",),
            )
        )
    return (*steps, NextStep("Sign in", (url(settings),)))


def _outside(settings: Settings) -> NextStep:
    """What no program on this machine can do."""
    host = str(settings.network.lan_address or "this machine")
    names = ", ".join(settings.ddns.hosts or settings.host_names)
    if settings.certificate.is_local:
        return NextStep(
            "In your network",
            (
                f"in the router's DNS settings, let {names} lead to {host}",
                f"on each phone and computer, open {install_url(settings)} and do what it says",
            ),
        )
    site, public = settings.site, public_https_port(settings)
    lines = [
        f"always give this machine the same address ({host})",
        f"forward TCP port {public} to {host}, port {site.https_port}",
    ]
    if settings.certificate.through_port_80:
        lines.insert(1, f"forward TCP port 80 to {host}, port {site.http_port}")
    if settings.ddns.updater == "router":
        lines += _dynamic_dns(settings, names)
    elif settings.ddns.updater == "none":
        lines.append(
            f"your address must never change: at your DNS provider, let {names} point to it"
        )
    return NextStep("In your router", tuple(lines))


def _dynamic_dns(settings: Settings, names: str) -> list[str]:
    """What a router's page for dynamic DNS asks for."""
    provider = providers().get(settings.ddns.provider or "")
    if provider is None:
        return [f"under Dynamic DNS, enter {names} with your provider's login"]
    login = settings.ddns.login or provider.login or "none; if it wants one, any word"
    lines = [
        "switch Dynamic DNS on, and enter there:",
        f"  service: {provider.title} ({provider.documentation})",
        f"  host name: {names}",
        f"  user name: {login}",
        f"  password: {provider.password}",
    ]
    server = settings.ddns.server or provider.options.get("server", "")
    if provider.protocol == "dyndns2" and server:
        url = server if "://" in server else f"https://{server}"
        lines.append(f"  update URL, if it wants one: {url}/nic/update?hostname=NAME&myip=ADDRESS")
    return lines

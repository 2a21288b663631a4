"""What is left for the owner to do, with their own names and addresses."""

import shlex
from dataclasses import dataclass

from nvrstack.rendering.context import HTTP, public_https_port, url
from nvrstack.services.providers import providers
from nvrstack.settings.model import Settings

INIT_DATABASE = "docker compose run --rm moonfire-nvr init"


@dataclass(frozen=True)
class NextStep:
    """One thing to do: what it is, how to do it, and a command if there is one."""

    title: str
    text: str
    command: str = ""


def next_steps(
    settings: Settings, project: str, *, has_database: bool, has_user: bool
) -> tuple[NextStep, ...]:
    """The three steps after `init`, and what an absent engine left undone."""
    steps = [_names_and_ports(settings)]
    folder = shlex.quote(project)
    database = "" if has_database else f"{INIT_DATABASE} && "
    steps.append(
        NextStep("Start it", f"in {project}", f"cd {folder} && {database}docker compose up -d")
    )
    if not has_user:
        steps.append(
            NextStep(
                "Make an account, for nobody can look without one",
                "any time from now on",
                f"nvrstack --project {folder} user add NAME --admin",
            )
        )
    steps.append(NextStep("Sign in", url(settings)))
    return tuple(steps)


def _names_and_ports(settings: Settings) -> NextStep:
    host = str(settings.network.lan_address or "this machine")
    if settings.certificate.is_local:
        return NextStep(
            "Make the name known at home",
            f"in your router, let {', '.join(settings.site.names)} lead to {host}; then open "
            f"http://{settings.site.domain}{_http_port(settings)}/root.crt on each device once, "
            "and install it as a trusted authority",
        )
    ports = (
        f"TCP 80 to {host} port {settings.site.http_port}, and "
        f"TCP {public_https_port(settings)} to {host} port {settings.site.https_port}"
    )
    text = f"always give this machine the address {host}; forward {ports}"
    names = ", ".join(settings.ddns.hosts or settings.site.names)
    if settings.ddns.updater == "router":
        text += f"; under Dynamic DNS enter {names} with your provider's login"
    elif settings.ddns.updater == "ddclient" and settings.ddns.provider:
        text += f". {providers()[settings.ddns.provider].title} is kept up to date from here"
    return NextStep("In your router", text)


def _http_port(settings: Settings) -> str:
    return "" if settings.site.http_port == HTTP else f":{settings.site.http_port}"

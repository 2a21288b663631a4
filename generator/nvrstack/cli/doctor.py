"""`nvrstack doctor`: whether this host and what is around it let the project work."""

from typing import TYPE_CHECKING, Annotated

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import HostError

if TYPE_CHECKING:
    from nvrstack.host.network.router import Gateway
    from nvrstack.settings.model import Settings


def doctor(
    context: typer.Context,
    forward: Annotated[
        bool, typer.Option("--forward", help="Add the port forwardings to the router, by UPnP.")
    ] = False,
) -> None:
    """Look for what keeps the project from working here. Exit 1 when there is a problem.

    Host, disks, router, DNS and clock are looked at, and nothing is changed without --forward.
    Without a project, what matters before `nvrstack init` is looked at.
    """
    from nvrstack.cli.verdicts import report
    from nvrstack.projects.diagnosis import find
    from nvrstack.projects.doctor_scope import scope_before, scope_of
    from nvrstack.projects.doctor_verdicts import verdicts_before, verdicts_for
    from nvrstack.projects.project import read_project

    console: Console = context.obj
    directory = console.find_project() if forward else console.look_for_project()
    if directory is None:
        scope = scope_before()
        report(console, list(verdicts_before(scope.ports, find(scope))))
        return
    project = read_project(directory)
    gateway = _forward(console, project.settings) if forward else None
    report(console, list(verdicts_for(project.settings, find(scope_of(project), gateway))))


def _forward(console: Console, settings: "Settings") -> "Gateway":
    """Add the forwardings that the router lacks, and renew those with an end, once agreed to."""
    from nvrstack.host.network.router import find_gateway
    from nvrstack.projects.forwarding import forwardings, missing_forwardings

    wanted = forwardings(settings)
    gateway = find_gateway()
    if gateway is None:
        raise HostError(
            "no router answers by UPnP",
            "switch UPnP on in the router, or forward the ports on its own page",
        )
    missing = missing_forwardings(wanted, gateway.describe([one.port for one in wanted]))
    if not missing:
        console.say("The router has these forwardings already.")
        return gateway
    told = " and ".join(f"{one.port} to {one.address}, port {one.target}" for one in missing)
    if console.agrees(f"Let the router forward TCP port {told}?"):
        for one in missing:
            gateway.forward(one)
        console.say(f"The router now forwards TCP port {told}.")
    return gateway

"""The port forwardings that a project needs of the router, and which are missing there."""

from collections.abc import Sequence

from nvrstack.checks.router import forwarding_of, leads_to
from nvrstack.errors import HostError, InputError
from nvrstack.host.facts import lan_address
from nvrstack.rendering.forwardings import wanted_forwardings
from nvrstack.settings.model import Settings
from nvrstack.surroundings import Forwarding, Router


def forwardings(settings: Settings) -> Sequence[Forwarding]:
    """What a project needs. Raises HostError without a network, InputError where it needs none."""
    address = settings.network.lan_address or lan_address()
    if address is None:
        raise HostError("this machine has no way to the network", "see what `ip address` shows")
    wanted = wanted_forwardings(settings, str(address))
    if not wanted:
        raise InputError(
            "these cameras are for home only, so that no port has to be forwarded",
            "`nvrstack stacks` tells which stacks are reachable from the Internet",
        )
    return wanted


def missing_forwardings(wanted: Sequence[Forwarding], found: Router) -> list[Forwarding]:
    """Those that the router lacks, and those that end some day.

    Raises HostError where a port is forwarded elsewhere.
    """
    missing = []
    for one in wanted:
        present = forwarding_of(one.port, found)
        if present is None or (present.seconds and leads_to(present, one)):
            missing.append(one)
        elif not leads_to(present, one):
            raise HostError(
                f"the router forwards port {one.port} to {present.address}, port {present.target} "
                f"({present.text or 'without a name'}) already; nothing was changed",
                "remove that forwarding on the router's page first",
            )
    return missing

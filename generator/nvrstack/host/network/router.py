"""The router, through UPnP's Internet Gateway Device (miniupnpc)."""

from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address
from typing import Any

from nvrstack.errors import HostError
from nvrstack.host.facts import lan_address
from nvrstack.surroundings import Forwarding, Router

WAIT_MILLISECONDS = 2000
"""How long a router has to answer: the library's own default."""
PROTOCOL = "TCP"


class Gateway:
    """A router that answered. The library raises nothing narrower than Exception."""

    def __init__(self, device: Any) -> None:
        self._device = device

    def describe(self, ports: Sequence[int]) -> Router:
        """What the router says of itself and of these ports."""
        outside: IPv4Address | None = None
        with suppress(Exception):
            outside = IPv4Address(self._device.externalipaddress())
        found = (self._forwarding(port) for port in ports)
        return Router(outside, tuple(forwarding for forwarding in found if forwarding))

    def forward(self, wanted: Forwarding) -> None:
        """Add a forwarding for ever, or for as long as the router allows. Raises HostError."""
        where = (wanted.port, PROTOCOL, wanted.address, wanted.target)
        try:
            self._device.addportmapping(*where, wanted.text, "", wanted.seconds)
        except Exception as error:
            raise HostError(
                f"the router refuses to forward port {wanted.port} to {wanted.address} ({error})",
                "forward it on the router's own page",
            ) from error

    def _forwarding(self, port: int) -> Forwarding | None:
        with suppress(Exception):
            found = self._device.getspecificportmapping(port, PROTOCOL)
            if found is not None:
                address, target, text, _, seconds = found
                return Forwarding(port, str(address), int(target), str(text), int(seconds))
        return None


def find_gateway() -> Gateway | None:
    """The router of this network; None when none answers in time."""
    import miniupnpc

    if lan_address() is None:
        return None
    device = miniupnpc.UPnP()
    device.discoverdelay = WAIT_MILLISECONDS
    try:
        if not device.discover():
            return None
        device.selectigd()
    except Exception:  # noqa: BLE001 - no network, or no router among those that answered
        return None
    return Gateway(device)

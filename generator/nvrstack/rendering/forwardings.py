"""What the router has to forward for a project."""

from nvrstack.rendering.context import HTTP, public_https_port
from nvrstack.settings.model import Settings
from nvrstack.surroundings import Forwarding


def wanted_forwardings(settings: Settings, address: str) -> tuple[Forwarding, ...]:
    """The forwardings to this host's LAN `address`; none where all stays at home."""
    if settings.certificate.is_local:
        return ()
    site = settings.site
    ports = [(public_https_port(settings), site.https_port)]
    if settings.certificate.through_port_80:
        ports.insert(0, (HTTP, site.http_port))
    name = settings.project.name
    return tuple(Forwarding(port, address, target, name, 0) for port, target in ports)

"""What this host suggests for a new project's settings."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nvrstack.errors import HostError
from nvrstack.host import facts
from nvrstack.host.docker.client import if_it_answers
from nvrstack.host.docker.facts import ask_networks
from nvrstack.host.rights import is_root
from nvrstack.settings.subnets import choose_subnet
from nvrstack.surroundings import DockerNetwork

STATE_DIR = Path("/var/lib/moonfire-nvr")


def suggestions(directory: Path) -> dict[str, Any]:
    """Settings, in the shape of `nvrstack.toml`, that fit this host, this user and `directory`.

    Root keeps Moonfire's state where upstream keeps it; anybody else keeps it in the project.
    """
    uid, gid = facts.owner_ids()
    system_wide = is_root() or STATE_DIR.is_dir()
    moonfire = (facts.user_ids("moonfire-nvr") if system_wide else None) or (uid, gid)
    found: dict[str, Any] = {
        "schema": 1,
        "project": {"name": project_name(directory), "uid": uid, "gid": gid},
        "moonfire": {
            "uid": moonfire[0],
            "gid": moonfire[1],
            "state_dir": str(STATE_DIR) if system_wide else "data/moonfire",
        },
        "network": {},
    }
    zone = facts.time_zone()
    if zone:
        found["moonfire"]["timezone"] = zone
    address = facts.lan_address()
    if address:
        found["network"]["lan_address"] = str(address)
    return found


def suggest_subnet() -> str:
    """A subnet for the backend network that this host does not use. Raises HostError."""
    networks: Iterable[DockerNetwork] = if_it_answers(ask_networks, ())
    subnets = [route.subnet for route in facts.routes()]
    subnet = choose_subnet([*subnets, *(network.subnet for network in networks)])
    if subnet is None:
        raise HostError(
            "every private subnet that nvrstack knows overlaps a route of this host",
            "choose one with --set network.backend_subnet=A.B.C.D/29",
        )
    return str(subnet)


def project_name(directory: Path) -> str:
    """The directory's name as Compose would use it: two projects must not share containers."""
    name = re.sub(r"[^a-z0-9_-]", "", directory.name.lower()).lstrip("_-")
    return name or "nvrstack"

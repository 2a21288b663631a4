"""The networks of a compose file's service, by the names that Docker has for them.

https://docs.docker.com/reference/compose-file/networks/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nvrstack.migration.compose.values import texts
from nvrstack.migration.docker.network_place import LAN_DRIVERS


@dataclass(frozen=True)
class Network:
    """One network: its `key` in the file and its name outside; `stays` where it is to be kept."""

    key: str
    name: str
    stays: bool
    settings: Mapping[str, Any]


def networks_of(service: Mapping[str, Any], top: Any, project: str) -> tuple[Network, ...]:
    """The service's networks; `top` are those that the file defines."""
    stated = service.get("networks")
    if isinstance(stated, dict):
        keys: Mapping[str, Any] = stated
    else:
        keys = {str(key): None for key in stated} if isinstance(stated, list) else {}
    return tuple(
        _network(str(key), settings, top if isinstance(top, dict) else {}, project)
        for key, settings in (keys or {"default": None}).items()
    )


def _network(key: str, settings: Any, top: Mapping[str, Any], project: str) -> Network:
    about = top.get(key)
    about = about if isinstance(about, dict) else {}
    external = about.get("external")
    # The first versions of the format had the name inside.
    within = external.get("name") if isinstance(external, dict) else None
    outside = isinstance(external, dict) or str(external).lower() == "true"
    given = about.get("name") or within
    driver = str(about.get("driver") or "")
    settings = dict(settings) if isinstance(settings, dict) else {}
    if driver in LAN_DRIVERS:
        settings["driver"] = driver
    elif given and not outside and key == "default":
        settings["driver"] = driver or "bridge"
    return Network(
        key,
        str(given or (key if outside else f"{project}_{key}")),
        outside or driver in LAN_DRIVERS or (bool(given) and key != "default"),
        settings,
    )


def network_fields(networks: tuple[Network, ...], options: dict[str, tuple[str, ...]]) -> str:
    """The name of the first network; what there is beside it goes into `options`.

    `network` are further ones to keep; `networks` has the others, and each one's settings.
    """
    options.pop("networks", None)
    own = [network for network in networks if not network.stays]
    kept = [network for network in networks if network.stays]
    first, *further = [*own, *kept]
    if any(network.settings for network in networks):
        said = {n.name if n.stays or n is first else n.key: n.settings or None for n in networks}
        options["networks"] = texts(said)
    elif len(own) > 1:
        options["networks"] = tuple(network.key for network in own[1:])
    if further_kept := tuple(network.name for network in kept if network in further):
        options["network"] = further_kept
    return first.name

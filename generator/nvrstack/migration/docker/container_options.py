"""The options of `docker run` that an install does not model, read back from `docker inspect`.

What is at the engine's default is left out; a field that is not in the table is kept under its own
name, so that nothing is dropped in silence.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from nvrstack.migration.docker.option_table import OPTIONS

HOST_FIELDS = {option.host: option.name for option in OPTIONS if option.host}
MODELLED = {
    "Binds", "LogConfig", "Mounts", "NetworkMode", "PortBindings", "RestartPolicy", "SecurityOpt",
    "Tmpfs",
}  # fmt: skip
DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "CgroupnsMode": ("host", "private"),
    "ConsoleSize": ([0, 0],),
    "IpcMode": ("private", "shareable"),
    "Isolation": ("default",),
    "PidsLimit": (-1,),
    "MemorySwappiness": (-1,),
    "Runtime": ("runc",),
    "ShmSize": (67108864,),
}
"""Values that mean nothing was asked for, beside nothing, zero, false and the empty ones."""
DERIVED = {"MaskedPaths", "ReadonlyPaths", "ConsoleSize", "Cgroup", "Annotations"}
"""What the engine or the terminal fills in."""
CONFIG_FIELDS = {option.config: option.name for option in OPTIONS if option.config}
IMAGE_ENTRYPOINT = "/usr/local/bin/moonfire-nvr"
COMPOSE_LABELS = "com.docker.compose."


def other_options(
    inspect: Mapping[str, Any], image: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """Every option that is not modelled, by its long name, with its values as text.

    `image` is the configuration that the image brings, which was not asked for.
    """
    host, config = inspect.get("HostConfig") or {}, inspect.get("Config") or {}
    found: dict[str, tuple[str, ...]] = {}
    for key, value in host.items():
        unasked = not value or value in DEFAULTS.get(key, ()) or _follows(key, value, host)
        if key not in MODELLED | DERIVED and not unasked:
            found[HOST_FIELDS.get(key, key)] = FORMATS.get(key, texts)(value)
    for key, option in CONFIG_FIELDS.items():
        value = config.get(key)
        if value and value != image.get(key):
            found[option] = texts(value)
    found |= _host_name(inspect, config, host)
    own = {
        key: value
        for key, value in (config.get("Labels") or {}).items()
        if (image.get("Labels") or {}).get(key) != value and not key.startswith(COMPOSE_LABELS)
    }
    if own:
        found["label"] = texts(own)
    entrypoint = config.get("Entrypoint") or []
    if entrypoint and entrypoint != (image.get("Entrypoint") or [IMAGE_ENTRYPOINT]):
        found["entrypoint"] = texts(entrypoint)
    return found | _networks(inspect, host) | _mount_modes(inspect, host)


def _follows(key: str, value: Any, host: Mapping[str, Any]) -> bool:
    """Whether the engine made the value of another one: swap is as much again as memory."""
    return key == "MemorySwap" and value == 2 * (host.get("Memory") or 0)


def texts(value: Any) -> tuple[str, ...]:
    """A value of the engine's as the words of an option."""
    if isinstance(value, Mapping):
        return tuple(f"{key}={_text(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_text, value))
    return (_text(value),)


def _devices(devices: Any) -> tuple[str, ...]:
    keys = ("PathOnHost", "PathInContainer", "CgroupPermissions")
    return tuple(":".join(str(device.get(key, "")) for key in keys) for device in devices)


def _ulimits(limits: Any) -> tuple[str, ...]:
    return tuple(f"{each.get('Name')}={each.get('Soft')}:{each.get('Hard')}" for each in limits)


FORMATS: Mapping[str, Callable[[Any], tuple[str, ...]]] = {
    "Devices": _devices,
    "Ulimits": _ulimits,
    "NanoCpus": lambda value: (f"{value / 1e9:g}",),
}
"""The fields that the command line writes otherwise than the engine."""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _host_name(
    inspect: Mapping[str, Any], config: Mapping[str, Any], host: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """The container's host name, where it is neither its id nor, on its network, the host's."""
    name = str(config.get("Hostname") or "")
    own = not str(inspect.get("Id", "")).startswith(name or "?")
    return {"hostname": (name,)} if name and own and host.get("NetworkMode") != "host" else {}


def _networks(inspect: Mapping[str, Any], host: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Networks beside the first, addresses that were asked for, and names for other containers."""
    joined = (inspect.get("NetworkSettings") or {}).get("Networks") or {}
    first = "bridge" if host.get("NetworkMode") == "default" else host.get("NetworkMode")
    further = tuple(name for name in joined if name != first)
    addresses, aliases = [], []
    for network in joined.values():
        addresses += [str(ip) for ip in ((network or {}).get("IPAMConfig") or {}).values() if ip]
        known = (str(inspect.get("Id", ""))[:12], str(inspect.get("Name", ""))[1:])
        aliases += [str(a) for a in (network or {}).get("Aliases") or () if a not in known]
    found = {"network": further, "ip": tuple(addresses), "network-alias": tuple(aliases)}
    return {option: values for option, values in found.items() if values}


def _mount_modes(inspect: Mapping[str, Any], host: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Modes of mounts such as `z`, `rshared` or a tmpfs's `size=64m`, beside read-only."""
    found = []
    for entry in inspect.get("Mounts") or ():
        modes = [*str(entry.get("Mode") or "").split(","), str(entry.get("Propagation") or "")]
        own = [mode for mode in dict.fromkeys(modes) if mode not in {"", "ro", "rw", "rprivate"}]
        found += [f"{entry.get('Destination')}:{mode}" for mode in own]
    for target, options in (host.get("Tmpfs") or {}).items():
        own = [mode for mode in str(options).split(",") if mode not in {"", "ro", "rw"}]
        found += [f"{target}:{mode}" for mode in own]
    return {"mount-mode": tuple(found)} if found else {}

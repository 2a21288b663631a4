"""A compose file with Moonfire in it, read without an engine.

https://docs.docker.com/reference/compose-file/
"""

import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nvrstack.migration.compose import rules
from nvrstack.migration.compose.env_file import variables_of
from nvrstack.migration.compose.file import load
from nvrstack.migration.compose.mounts import mounts_of
from nvrstack.migration.compose.networks import Network, network_fields, networks_of
from nvrstack.migration.compose.values import (
    as_list,
    as_mapping,
    deployed,
    environment_of,
    not_understood,
    texts,
)
from nvrstack.migration.docker.option_table import BY_KEY
from nvrstack.migration.docker.ports import port_of
from nvrstack.migration.docker.timezone import zone_of
from nvrstack.migration.docker.user import numeric_user
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Install, Port, Reading, TextOf, User, no_file
from nvrstack.migration.moonfire.program import runs_moonfire
from nvrstack.migration.moonfire.rules import IMAGE_VERSION
from nvrstack.migration.moonfire.versions import image_version

MODELLED = frozenset(
    (
        "image", "container_name", "user", "env_file", "environment", "volumes", "tmpfs",
        "network_mode", "networks", "ports", "security_opt", "logging", "restart", "command",
    )
)  # fmt: skip


def read_compose(
    text: str,
    directory: str,
    variables: Mapping[str, str] | None = None,
    text_of: TextOf = no_file,
) -> Reading:
    """The install that a compose file in `directory` describes.

    `variables` are those of its `.env` file; `text_of` reads the files of `env_file`. What other
    files add to it is not seen: `include` is named, `extends` is among the other options.
    """
    loaded = load(text, variables or {})
    warnings, data = list(loaded.warnings), loaded.data
    services = data.get("services")
    services = services if isinstance(services, dict) else {}
    found = [(n, s) for n, s in services.items() if isinstance(s, dict) and _is_moonfire(s)]
    if not found:
        return Reading(None, tuple(warnings), loaded.blockers)
    name, service = min(found, key=lambda pair: _is_tool(pair[1]))
    others = [other for other in services if other != name]
    if others:
        warnings.append(rules.OTHER_SERVICES(others=", ".join(map(str, others))))
    if data.get("include"):
        warnings.append(rules.COMPOSE_INCLUDE())
    given = (variables or {}).get("COMPOSE_PROJECT_NAME") or data.get("name")
    project = str(given or _project_name(directory))
    networks = networks_of(service, data.get("networks"), project)
    service = dict(service)
    stated, missing = environment_of(service.get("environment"), variables or {})
    warnings += map(_from_caller, missing)
    service["environment"] = stated
    install = _install(str(name), service, directory, project, networks, warnings, text_of)
    return Reading(install, tuple(warnings))


def _is_moonfire(service: Mapping[str, Any]) -> bool:
    words = [*_words(service.get("entrypoint")), *_words(service.get("command"))]
    return runs_moonfire(str(service.get("image") or ""), words)


def _is_tool(service: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a service is for one of Moonfire's other commands, or is not started by `up`."""
    command = _words(service.get("command"))[:1]
    is_other = bool(command) and command[0] != "run" and not command[0].startswith(("-", "/"))
    return is_other, bool(service.get("profiles"))


def _words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(word) for word in value]
    try:
        return shlex.split(str(value or ""))
    except ValueError:
        return str(value).split()


def _project_name(directory: str) -> str:
    """Compose's name for a project without one: the directory's, cleaned."""
    name = directory.rstrip("/").rpartition("/")[2].lower()
    return re.sub(r"[^a-z0-9_-]", "", name).lstrip("_-")


def _install(
    name: str,
    service: dict[str, Any],
    directory: str,
    project: str,
    networks: tuple[Network, ...],
    warnings: list[Finding],
    text_of: TextOf,
) -> Install:
    image = str(service.get("image") or "")
    told = image_version(image)
    if told.remark:
        warnings.append(IMAGE_VERSION(remark=told.remark, image=image))
    environment, unread = _environment(service, directory, text_of)
    words = _words(service.get("command"))
    logging = service.get("logging")
    logging = logging if isinstance(logging, dict) else {}
    limits, deploy = deployed(service.get("deploy"))
    service = {**service, "deploy": deploy}
    options = {option: (value,) for option, value in limits.items()} | {
        BY_KEY.get(str(key), str(key).replace("_", "-")): texts(value)
        for key, value in service.items()
        if key not in MODELLED and value not in (None, "", [], {})
    }
    if unread:
        options["env-file"] = unread
    mounts, modes = mounts_of(service, directory, warnings)
    if modes:
        options["mount-mode"] = modes
    install = Install(
        source="compose",
        image=image,
        version=told.version,
        container_name=str(service.get("container_name") or f"{project}-{name}-1"),
        user=_user(str(service.get("user") or ""), warnings),
        timezone=zone_of(environment.pop("TZ", None)),
        environment=environment,
        mounts=mounts,
        network=str(service.get("network_mode") or "") or network_fields(networks, options),
        ports=_ports(service, warnings),
        security_opt=tuple(map(str, as_list(service.get("security_opt")))),
        log_driver=str(logging.get("driver") or "") or None,
        log_options=as_mapping(logging.get("options")),
        restart=str(service.get("restart") or "") or None,
        server_args=tuple(words[1:] if words[:1] == ["run"] else words),
        other_options=options,
    )
    return install if install.restart != "no" else replace(install, restart=None)


def _environment(
    service: Mapping[str, Any], directory: str, text_of: TextOf
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The variables, and the files that could not be read; what the service itself sets counts."""
    found: dict[str, str] = {}
    unread = []
    for entry in as_list(service.get("env_file")):
        told = entry if isinstance(entry, Mapping) else {"path": entry}
        path = str(told.get("path", ""))
        text = text_of(posixpath.join(directory, path))
        if text is not None:
            found |= variables_of(text)
        elif str(told.get("required")).lower() != "false":
            unread.append(path)
    return found | service["environment"], tuple(unread)


def _from_caller(name: str) -> Finding:
    return rules.ENV_FROM_CALLER(name=name)


def _user(text: str, warnings: list[Finding]) -> User | None:
    user = numeric_user(text)
    if user is not None:
        return user
    rule = rules.USER_IS_EXAMPLE if text == "UID:GID" else rules.USER_IS_NAME
    warnings.append(rule(user=text) if text else rules.USER_UNKNOWN())
    return None


def _ports(service: Mapping[str, Any], warnings: list[Finding]) -> tuple[Port, ...]:
    found: list[Port] = []
    for entry in as_list(service.get("ports")):
        ports = port_of(entry)
        if ports is None:
            warnings.append(not_understood("ports", entry))
        else:
            found += ports
    return tuple(found)

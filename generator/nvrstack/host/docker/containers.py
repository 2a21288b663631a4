"""Single containers of the Docker Engine, whoever made them.

https://docs.docker.com/reference/api/engine/
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nvrstack.errors import HostError
from nvrstack.host.docker.client import (
    ANSWER_SECONDS,
    NOT_A_RUN,
    PROJECT,
    QUICK_SECONDS,
    SERVICE,
    connected,
)
from nvrstack.host.terminal_codes import without_codes
from nvrstack.surroundings import Service

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

ATTEMPTS = 10
NOT_RUNNING = "container not running"
"""What runc says of a container that has just ended."""
ALWAYS = {"Name": "always", "MaximumRetryCount": 0}
"""The policy by which a container comes back with the engine even if a person stopped it."""
OWN_NETWORKS = ("bridge", "host", "none")
"""The engine's own networks, which are always there."""
LAST_LINES = 4


def inspect(name: str) -> dict[str, Any] | None:
    """What the engine tells of a container, by its name or id; None where there is none.

    Raises HostError.
    """
    with connected() as client:
        found = _found(client, name)
        return None if found is None else dict(found.attrs)


def inspect_image(identity: str) -> dict[str, Any] | None:
    """What the engine tells of an image; None where there is none. Raises HostError."""
    from docker.errors import ImageNotFound

    with connected() as client:
        try:
            return dict(client.images.get(identity).attrs)
        except ImageNotFound:
            return None


@dataclass(frozen=True)
class Described:
    """A container and its image as the engine describes them; the image may be gone."""

    container: Mapping[str, Any]
    image: Mapping[str, Any] | None


def described(wanted: Callable[[Mapping[str, Any]], bool]) -> tuple[Described, ...]:
    """Every container, running or not, whose description `wanted` says yes to.

    Raises HostError when no engine answers.
    """
    with connected() as client:
        listed = client.containers.list(all=True, ignore_removed=True)
        found = [dict(one.attrs) for one in listed]
    return tuple(
        Described(attributes, inspect_image(str(attributes["Image"])))
        for attributes in found
        if wanted(attributes)
    )


def service_container(project_name: str, service: str) -> dict[str, Any] | None:
    """The container of a Compose service; None where there is none. Raises HostError."""
    labels = [
        f"{PROJECT}={project_name}",
        f"{SERVICE}={service}",
        NOT_A_RUN,
    ]
    with connected() as client:
        found = client.containers.list(all=True, filters={"label": labels}, ignore_removed=True)
        return dict(found[0].attrs) if found else None


def services(project_name: str) -> dict[str, Service]:
    """How the containers of a Compose project stand, by their services. Raises HostError."""
    labels = [f"{PROJECT}={project_name}", NOT_A_RUN]
    with connected(QUICK_SECONDS) as client:
        found = client.containers.list(all=True, filters={"label": labels})
        return {one.labels[SERVICE]: _service(one.attrs["State"]) for one in found}


def of_project(project_name: str) -> tuple[str, ...]:
    """The names of all containers of a Compose project, of whatever service. Raises HostError."""
    with connected() as client:
        return tuple(str(found.name) for found in _of_project(client, project_name))


def remove_project(project_name: str) -> None:
    """Remove the containers and networks of a Compose project; its files are not needed.

    Volumes stay, and networks that somebody else's container is in. Raises HostError.
    """
    from docker.errors import APIError

    with connected() as client:
        for container in _of_project(client, project_name):
            container.remove(force=True)
        for network in client.networks.list(filters={"label": [f"{PROJECT}={project_name}"]}):
            with contextlib.suppress(APIError):
                network.remove()


def missing_networks(attributes: Mapping[str, Any]) -> list[str]:
    """The networks that a container is to be connected to at its start and that are gone.

    Those that somebody made are known by their ids: one made again under the same name is another.
    Raises HostError.
    """
    from docker.errors import NotFound

    gone = []
    with connected() as client:
        for name, endpoint in attributes["NetworkSettings"]["Networks"].items():
            if name in OWN_NETWORKS:
                continue
            try:
                client.networks.get(endpoint.get("NetworkID") or name)
            except NotFound:
                gone.append(name)
    return gone


def set_restart_policy(name: str, policy: Any) -> None:
    """Change when the engine starts the container by itself. Raises HostError."""
    from docker.errors import APIError

    with connected() as client:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                _needed(client, name).update(restart_policy=policy)
            except APIError as error:
                # One that ends again and again may end just while it is being changed.
                if attempt == ATTEMPTS or NOT_RUNNING not in str(error):
                    raise
                time.sleep(0.3)
            else:
                return


def stop(name: str, seconds: int) -> None:
    """Stop a container, with so many seconds to do it in good order. Raises HostError."""
    with connected(ANSWER_SECONDS + seconds) as client:
        _needed(client, name).stop(timeout=seconds)


def start(name: str) -> None:
    """Start a container, if it does not run. Raises HostError."""
    with connected() as client:
        _needed(client, name).start()


def restart(name: str) -> None:
    """Start a container now, even if it waits for its next attempt. Raises HostError."""
    with connected() as client:
        _needed(client, name).restart(timeout=10)


def rename(name: str, new: str) -> None:
    """Give a container another name. Raises HostError."""
    with connected() as client:
        _needed(client, name).rename(new)


def remove(name: str) -> None:
    """Remove a container if it is there, running or not; its volumes stay. Raises HostError."""
    with connected() as client:
        found = _found(client, name)
        if found is not None:
            found.remove(force=True)


def last_words(name: str) -> str:
    """The last lines that a container printed, as one and without colours. Raises HostError."""
    with connected() as client:
        told: bytes = _needed(client, name).logs(tail=LAST_LINES)
        return " ".join(without_codes(told.decode(errors="replace")).split())


def execute(name: str, command: list[str]) -> int | None:
    """Run a command in a container that runs; give its exit code. Raises HostError."""
    with connected() as client:
        return _needed(client, name).exec_run(command).exit_code


def _of_project(client: "DockerClient", project_name: str) -> "list[Container]":
    labels = [f"{PROJECT}={project_name}"]
    return client.containers.list(all=True, filters={"label": labels}, ignore_removed=True)


def _found(client: "DockerClient", name: str) -> "Container | None":
    from docker.errors import NotFound

    try:
        return client.containers.get(name)
    except NotFound:
        return None


def _needed(client: "DockerClient", name: str) -> "Container":
    found = _found(client, name)
    if found is None:
        raise HostError(f"the container {name} is gone", "docker ps --all lists what there is")
    return found


def _service(state: Mapping[str, Any]) -> Service:
    health = state.get("Health") or {}
    log = health.get("Log") or [{}]
    told = " ".join(without_codes(str(log[-1].get("Output", ""))).split())
    return Service(str(state["Status"]), str(health.get("Status", "")), told)

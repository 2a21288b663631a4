"""The Docker Engine: whether it answers, which subnets it uses, and Compose."""

import contextlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from nvrstack.errors import HostError
from nvrstack.host.terminal_codes import without_codes

ANSWER_SECONDS = 10
PULL_SECONDS = 3600
ROOTLESS = (
    "this Docker Engine runs without root's rights: in its containers, the owner of the database "
    "and of the certificates is somebody else, so the project could not read them; install "
    "Docker with root's rights beside it, and choose it: docker context use default"
)


def engine_problem() -> str | None:
    """Why no engine with Compose v2 can be used from here, in words, or None when one can."""
    for command, what in (
        (["docker", "version", "--format", "{{.Server.Version}}"], "the Docker Engine"),
        (["docker", "compose", "version"], "Docker Compose v2"),
    ):
        try:
            result = subprocess.run(
                command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
            )
        except FileNotFoundError:
            return "docker is not installed"
        except subprocess.TimeoutExpired:
            return f"{what} did not answer within {ANSWER_SECONDS} seconds"
        if result.returncode != 0:
            told = result.stderr.strip().splitlines()
            reason = told[-1].rstrip("?") if told else "docker gave no reason"
            return f"{what} cannot be used ({reason})"
    return None


def is_rootless() -> bool:
    """Whether the engine runs without root's rights; no engine does not.

    https://docs.docker.com/engine/security/rootless/
    """
    import docker
    from docker.errors import DockerException

    try:
        with contextlib.closing(docker.from_env(timeout=ANSWER_SECONDS)) as client:
            return "name=rootless" in (client.info().get("SecurityOptions") or ())
    except DockerException:
        return False


def docker_subnets() -> list[IPv4Network]:
    """The IPv4 subnets of every Docker network; none when no engine answers."""
    import docker
    from docker.errors import DockerException

    try:
        with contextlib.closing(docker.from_env(timeout=ANSWER_SECONDS)) as client:
            networks = client.networks.list()
    except DockerException:
        return []
    configs = (c for n in networks for c in (n.attrs.get("IPAM") or {}).get("Config") or ())
    subnets = (config.get("Subnet", "") for config in configs)
    return [IPv4Network(subnet) for subnet in subnets if subnet and ":" not in subnet]


def compose(
    project: Path, *arguments: str, files: Sequence[Path] = (), lend: Sequence[int] = ()
) -> str:
    """Run `docker compose` in the project directory; give what it printed.

    `files` stand in for compose.yaml and its override. The descriptors `lend` are open for as long
    as the command runs, even when this process is killed. Raises HostError with the command's last
    line when it fails.
    """
    command = [
        "docker",
        "compose",
        "--ansi",
        "never",
        "--project-directory",
        str(project),
        *(word for file in files for word in ("--file", str(file))),
        *arguments,
    ]
    try:
        result = subprocess.run(
            command,
            cwd=project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PULL_SECONDS,
            check=False,
            pass_fds=lend,
        )
    except FileNotFoundError as error:
        raise HostError("docker is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise HostError(f"docker compose {arguments[0]} took longer than an hour") from error
    if result.returncode != 0:
        told = without_codes(result.stderr or result.stdout).strip().splitlines()
        raise HostError(f"docker compose {arguments[0]}: {told[-1] if told else 'no reason given'}")
    return result.stdout + result.stderr


@dataclass(frozen=True)
class Container:
    """A service's container in Docker's words; `told` is what its health check last printed."""

    state: str
    health: str
    told: str


def containers(project_name: str) -> dict[str, Container] | None:
    """The containers of a Compose project by service; None when no engine answers."""
    import docker
    from docker.errors import DockerException

    labels = [f"com.docker.compose.project={project_name}", "com.docker.compose.oneoff=False"]
    try:
        with contextlib.closing(docker.from_env(timeout=ANSWER_SECONDS)) as client:
            found = client.containers.list(all=True, filters={"label": labels})
    except DockerException:
        return None
    return {
        container.labels["com.docker.compose.service"]: _container(container.attrs["State"])
        for container in found
    }


def _container(state: Mapping[str, Any]) -> Container:
    health = state.get("Health") or {}
    log = health.get("Log") or [{}]
    told = " ".join(without_codes(str(log[-1].get("Output", ""))).split())
    return Container(str(state["Status"]), str(health.get("Status", "")), told)

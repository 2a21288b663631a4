"""What the Docker Engine tells of itself, its networks, and the ports that containers publish."""

import contextlib
import json
import subprocess
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from nvrstack.surroundings import DockerNetwork, Engine, Holder

ANSWER_SECONDS = 8


def ask_engine(root: Path = Path("/")) -> Engine:
    """What `docker info` says, which tells of the client's plugins where no engine answers too."""
    try:
        done = subprocess.run(
            ["docker", "info", "--format", "{{json .}}"],
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return Engine(trouble="docker is not installed")
    except subprocess.TimeoutExpired:
        return Engine(trouble=f"docker did not answer within {ANSWER_SECONDS} seconds")
    try:
        info = json.loads(done.stdout.strip().splitlines()[0])
    except (ValueError, IndexError):
        info = {}
    version = info.get("ServerVersion") or ""
    told = [*(info.get("ServerErrors") or ()), *done.stderr.strip().splitlines(), "no reason given"]
    plugins = (info.get("ClientInfo") or {}).get("Plugins") or ()
    compose = [p.get("Version", "") for p in plugins if p.get("Name") == "compose"]
    iptables, trouble = _iptables(root / "etc/docker/daemon.json")
    iptables = iptables and not _without_iptables(root / "proc")
    return Engine(
        version=version,
        compose=compose[0] if compose else "",
        trouble="" if version else f"cannot be used ({told[0]})",
        rootless="name=rootless" in (info.get("SecurityOptions") or ()),
        data=info.get("DockerRootDir") or "",
        iptables=iptables,
        options_trouble=trouble,
    )


def ask_networks() -> tuple[DockerNetwork, ...] | None:
    """The IPv4 networks of the engine; None when none answers."""
    import docker
    from docker.errors import DockerException

    try:
        with contextlib.closing(docker.from_env(timeout=ANSWER_SECONDS)) as client:
            networks = [network.attrs for network in client.networks.list()]
    except DockerException:
        return None
    return tuple(
        DockerNetwork(
            network["Name"],
            (network.get("Labels") or {}).get("com.docker.compose.project", ""),
            IPv4Network(config["Subnet"]),
        )
        for network in networks
        for config in (network.get("IPAM") or {}).get("Config") or ()
        if config.get("Subnet") and ":" not in config["Subnet"]
    )


def published_ports() -> tuple[Holder, ...]:
    """The TCP ports of this host that running containers publish; none when no engine answers."""
    import docker
    from docker.errors import DockerException

    try:
        with contextlib.closing(docker.from_env(timeout=ANSWER_SECONDS)) as client:
            containers = client.api.containers()
    except DockerException:
        return ()
    return tuple(
        _published(container, port)
        for container in containers
        for port in container.get("Ports") or ()
        if port.get("PublicPort") and port.get("Type") == "tcp"
    )


def _published(container: Mapping[str, Any], port: Mapping[str, Any]) -> Holder:
    name = container["Names"][0].removeprefix("/")
    project = (container.get("Labels") or {}).get("com.docker.compose.project", "")
    return Holder(
        port.get("IP") or "0.0.0.0",  # noqa: S104 - the engine's word, nothing is bound
        port["PublicPort"],
        f"the container {name}",
        f"docker stop {name}",
        container=True,
        project=project,
    )


def _without_iptables(proc: Path) -> bool:
    """Whether an engine was started with the option that switches iptables off (dockerd(8))."""
    for name in proc.glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if name.read_text(encoding="utf-8").strip() == "dockerd":
                words = name.with_name("cmdline").read_bytes().split(b"\0")
                return b"--iptables=false" in words
    return False


def _iptables(path: Path) -> tuple[bool, str]:
    """Whether daemon.json leaves iptables on, as it is by default, and why that is not known."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return True, ""
    except (OSError, ValueError) as error:
        return True, f"{path} cannot be read ({error})"
    return not (isinstance(values, dict) and values.get("iptables") is False), ""

"""What the Docker Engine tells of itself, its networks, and the ports that containers publish."""

import json
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from nvrstack.errors import HostError
from nvrstack.host.docker.client import PROJECT, QUICK_SECONDS, connected, run_docker
from nvrstack.host.docker.engine import has_no_root
from nvrstack.surroundings import DockerNetwork, Engine, Holder

FALSE = {"0", "f", "false"}
"""How an option of the engine is switched off (strconv.ParseBool of Go's standard library)."""


def ask_engine(root: Path = Path("/")) -> Engine:
    """What `docker info` says, which tells of the client's plugins where no engine answers too."""
    try:
        done = run_docker(["info", "--format", "{{json .}}"])
    except HostError as error:
        return Engine(trouble=error.message)
    try:
        info = json.loads(done.stdout.strip().splitlines()[0])
    except (ValueError, IndexError):
        info = {}
    version = info.get("ServerVersion") or ""
    told = [*(info.get("ServerErrors") or ()), *done.stderr.strip().splitlines(), "no reason given"]
    plugins = (info.get("ClientInfo") or {}).get("Plugins") or ()
    compose = [p.get("Version", "") for p in plugins if p.get("Name") == "compose"]
    iptables, trouble = _iptables(root)
    return Engine(
        version=version,
        compose=compose[0] if compose else "",
        trouble="" if version else f"cannot be used ({told[0]})",
        rootless=has_no_root(info),
        data=info.get("DockerRootDir") or "",
        iptables=iptables,
        options_trouble=trouble,
    )


def ask_networks() -> tuple[DockerNetwork, ...]:
    """The IPv4 networks of the engine. Raises HostError."""
    with connected(QUICK_SECONDS) as client:
        networks = [network.attrs for network in client.networks.list()]
    return tuple(
        DockerNetwork(
            network["Name"],
            (network.get("Labels") or {}).get(PROJECT, ""),
            IPv4Network(config["Subnet"]),
        )
        for network in networks
        for config in (network.get("IPAM") or {}).get("Config") or ()
        if config.get("Subnet") and ":" not in config["Subnet"]
    )


def published_ports() -> tuple[Holder, ...]:
    """The TCP ports of this host that running containers publish. Raises HostError."""
    with connected(QUICK_SECONDS) as client:
        containers = client.api.containers()
    return tuple(
        _published(container, port)
        for container in containers
        for port in container.get("Ports") or ()
        if port.get("PublicPort") and port.get("Type") == "tcp"
    )


def _published(container: Mapping[str, Any], port: Mapping[str, Any]) -> Holder:
    name = container["Names"][0].removeprefix("/")
    project = (container.get("Labels") or {}).get(PROJECT, "")
    return Holder(
        port.get("IP") or "0.0.0.0",  # noqa: S104 - the engine's word, nothing is bound
        port["PublicPort"],
        f"the container {name}",
        f"docker stop {name}",
        container=True,
        project=project,
    )


def _iptables(root: Path) -> tuple[bool, str]:
    """Whether the engine leaves iptables on, as it is by default, and why that is not known.

    Its command line, as a drop-in of systemd changes it, and its file: dockerd(8) refuses to start
    where both say it.
    """
    options = _command_line(root)
    said = options.get("iptables")
    if said is not None:
        return said.lower() not in FALSE, ""
    path = root / options.get("config-file", "/etc/docker/daemon.json").lstrip("/")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return True, ""
    except (OSError, ValueError) as error:
        return True, f"{path} cannot be read ({error})"
    return not (isinstance(values, dict) and values.get("iptables") is False), ""


def _command_line(root: Path) -> dict[str, str]:
    """The options of the running engine; none without one.

    It is the process of its PID file. One that has its file elsewhere is known by its name; which
    files it reads is left out then, for it may be another engine beside the usual one.
    """
    usual = [*_first_line(root / "run/docker.pid"), ""][0].strip()
    words = _words(root / "proc" / usual) if usual.isdigit() else []
    if words:
        return _options(words)
    for process in (root / "proc").glob("[0-9]*"):
        if _first_line(process / "comm") == ["dockerd"]:
            found = _options(_words(process))
            return {"iptables": found["iptables"]} if "iptables" in found else {}
    return {}


def _options(words: list[str]) -> dict[str, str]:
    """What a command line says as `--name=value` or `--name value`."""
    found: dict[str, str] = {}
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, sign, value = word.partition("=")
        if name.startswith("--"):
            found[name.removeprefix("--")] = value if sign else following
    return found


def _words(process: Path) -> list[str]:
    """The command line of a process, from proc(5); empty when it is gone."""
    try:
        line = (process / "cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return line.rstrip("\0").split("\0") if line else []


def _first_line(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[:1]
    except OSError:
        return []

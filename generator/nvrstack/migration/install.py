"""An existing installation of Moonfire NVR, whichever way it runs, as one frozen value."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from nvrstack.migration.findings import Finding

Source = Literal["nvr-script", "container", "compose", "systemd"]
TextOf = Callable[[str], str | None]
"""The text of a file of the host by its whole path; None where there is none to be read."""


@dataclass(frozen=True)
class User:
    """Whom Moonfire runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Mount:
    """Something mounted into the container; `source` is None where Docker makes it up."""

    type: Literal["bind", "volume", "tmpfs"]
    source: str | None
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Port:
    """A published port; `host_ip` is None for all addresses."""

    host_ip: str | None
    host_port: int
    container_port: int
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True)
class Install:
    """What runs, or would run when it is started.

    `version` is Moonfire's own (0.7.5), None where the image does not tell. `network` is "host",
    "bridge" or the name of another Docker network. `server_args` are the arguments of Moonfire's
    `run`. `other_options` holds every Docker option that was seen and is not modelled, with its
    values, so that none is dropped in silence. `sockets` are the addresses that systemd listens on
    for Moonfire, as ListenStream= has them (systemd.socket(5)), by the names they are passed under.
    """

    source: Source
    image: str
    version: str | None
    container_name: str
    user: User | None = None
    timezone: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    network: str = "bridge"
    ports: tuple[Port, ...] = ()
    security_opt: tuple[str, ...] = ()
    log_driver: str | None = None
    log_options: Mapping[str, str] = field(default_factory=dict)
    restart: str | None = None
    server_args: tuple[str, ...] = ()
    other_options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sockets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The value as `nvrstack migrate plan --json` prints it."""
        data = asdict(self)
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in data.items()
        }


@dataclass(frozen=True)
class Reading:
    """What a reader found: the install, if enough could be understood, and what it has to say."""

    install: Install | None
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()


def no_file(path: str) -> str | None:
    """The text of no file at all."""
    return None

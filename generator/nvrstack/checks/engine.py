"""Whether the Docker Engine and Compose are there, recent enough, and show clients as they are."""

from collections.abc import Iterator, Sequence

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.services.docker_releases import (
    OLDEST_COMPOSE,
    OLDEST_ENGINE,
    Release,
    release_of,
    too_old,
)
from nvrstack.surroundings import Engine, Holder

INSTALL = "install it as https://docs.docker.com/engine/install/ tells"
ROOTLESS = (
    "runs without root's rights: in its containers, the owner of the project's files is somebody "
    "else, so they can read neither certificates nor secrets"
)
ORDINARY = "install Docker with root's rights beside it, and choose it: docker context use default"
ABOUT = "Docker Engine"
CLIENTS = "client addresses"


def engine_verdicts(engine: Engine, published: Sequence[Holder]) -> Iterator[Verdict]:
    """One verdict on the engine, one on Compose, one on whether nginx sees who its clients are.

    `published` are the ports that the project's own containers hold.
    """
    if engine.trouble:
        yield Verdict(ABOUT, Level.PROBLEM, engine.trouble, f"start it, or {INSTALL}")
    elif engine.rootless:
        yield Verdict(ABOUT, Level.PROBLEM, ROOTLESS, ORDINARY)
    else:
        yield _version(ABOUT, engine.version, OLDEST_ENGINE)
    if engine.compose:
        yield _version("Docker Compose", engine.compose, OLDEST_COMPOSE)
    elif engine.trouble:
        yield Verdict("Docker Compose", Level.UNKNOWN, "could not tell: docker gave no version")
    else:
        text = "is not there, or older than version 2"
        yield Verdict("Docker Compose", Level.PROBLEM, text, INSTALL)
    yield _clients(engine, published)


def _version(about: str, version: str, oldest: Release) -> Verdict:
    if release_of(version) is None:
        return Verdict(about, Level.UNKNOWN, f"calls its version {version!r}")
    if text := too_old(version, oldest):
        return Verdict(about, Level.WARNING, text, INSTALL)
    return Verdict(about, Level.FINE, f"version {version}")


def _clients(engine: Engine, published: Sequence[Holder]) -> Verdict:
    """The verdict on settings by which nginx sees the bridge's address instead of its clients'.

    https://docs.docker.com/engine/network/packet-filtering-firewalls/.
    """
    if engine.options_trouble:
        return Verdict(CLIENTS, Level.UNKNOWN, f"could not tell: {engine.options_trouble}")
    if not engine.iptables:
        return Verdict(
            CLIENTS,
            Level.PROBLEM,
            "the engine runs with iptables off: its proxy hands every request on, and nginx and "
            "Moonfire see one address for all",
            'remove "iptables": false from /etc/docker/daemon.json, or --iptables=false from what '
            "starts dockerd (systemctl cat docker.service), then restart the engine",
        )
    over_ipv6 = [holder.port for holder in published if ":" in holder.address]
    if over_ipv6:
        return Verdict(
            CLIENTS,
            Level.WARNING,
            f"port {over_ipv6[0]} is published over IPv6 too, by the engine's proxy: nginx and "
            "Moonfire see one address for all such clients",
            "in compose.override.yaml, publish it at 0.0.0.0 alone",
        )
    if engine.trouble:
        return Verdict(CLIENTS, Level.UNKNOWN, "could not tell: no Docker Engine answers")
    return Verdict(CLIENTS, Level.FINE, "nginx sees the address of each client")

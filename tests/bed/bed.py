"""The bed as tests see it: bring it up, run programs in it, tear it down."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.bed import compose, engine, images, network, packages, resolver
from tests.bed.lock import lock
from tests.bed.paths import beds_dir, cache_dir
from tests.bed.process import Done, Word, run


@dataclass(frozen=True)
class Bed:
    """A test bed that is up."""

    env: dict[str, str] = field(default_factory=engine.environment)
    """The environment in which docker commands reach the bed's engine."""

    engine_netns: str = network.ENGINE
    client_netns: tuple[str, ...] = network.CLIENTS
    camera_netns: str = network.CAMERA

    lan_address: str = network.LAN_ADDRESS
    lan_address_v6: str = network.LAN_ADDRESS_V6
    """The engine host's addresses on the LAN, at which published ports are reached."""

    client_addresses: dict[str, str] = field(default_factory=network.CLIENT_ADDRESSES.copy)
    client_addresses_v6: dict[str, str] = field(default_factory=network.CLIENT_ADDRESSES_V6.copy)
    """The addresses of each client, by its namespace."""

    camera_address: str = network.CAMERA_ADDRESS
    """An address that containers reach only through the engine's NAT."""

    internet_netns: str = network.INTERNET
    internet_address: str = network.INTERNET_ADDRESS
    internet_address_v6: str = network.INTERNET_ADDRESS_V6
    """An address for servers outside of the house; the containers' resolver answers there."""

    def set_address(self, name: str, address: str | None) -> None:
        """Make a name resolve to an IPv4 address in containers, or to none again."""
        resolver.set_address(name, address)

    def run(
        self,
        argv: Sequence[Word],
        netns: str | None = None,
        *,
        cwd: Word | None = None,
        timeout: float = 60,
        check: bool = True,
        input: str | None = None,  # noqa: A002 - the name that subprocess gives it
        env: Mapping[str, str] | None = None,
    ) -> Done:
        """Run a program on the host or in one of the bed's namespaces; `env` adds to the bed's."""
        return run(
            self.command(argv, netns),
            env={**self.env, **(env or {})},
            cwd=cwd,
            timeout=timeout,
            check=check,
            input=input,
        )

    def command(self, argv: Sequence[Word], netns: str | None = None) -> list[str]:
        """Return the command line that runs a program in a namespace, for tests that keep it."""
        enter = [] if netns is None else ["nsenter", f"--net={network.NETNS / netns}"]
        return [*enter, *(os.fspath(word) for word in argv)]

    def docker(self, *words: str, timeout: float = 60, check: bool = True) -> Done:
        """Run a docker command on the bed's engine."""
        return self.run(["docker", *words], timeout=timeout, check=check)

    def restart_engine(self) -> None:
        """Stop and start the engine; containers come back as their restart policy says."""
        engine.restart()

    def cut_power(self) -> None:
        """Kill the engine and its containers, and leave the network as it is."""
        engine.cut_power()

    def start_engine(self) -> None:
        """Start an engine that does not run."""
        engine.start()


def up() -> Bed:
    """Bring up whatever is not up yet, from nothing if need be."""
    packages.ensure()
    with lock("bed"):
        compose.ensure()
        if not (network.exists() and engine.answers()):
            engine.remove_leftovers()
            network.up()
            engine.start()
        resolver.start()
        bed = Bed()
        images.build(bed.env)
    return bed


def down() -> None:
    """Stop everything and remove the namespaces; what was downloaded and built stays."""
    with lock("bed"):
        engine.remove_leftovers()
        network.down()


def clean() -> None:
    """Stop every bed and remove all that they have put on this machine but packages."""
    for folder in beds_dir().iterdir() if beds_dir().is_dir() else ():
        env = {**os.environ, "NVRSTACK_BED_NAME": folder.name.removeprefix("nvr")}
        run([sys.executable, "-m", "tests.bed", "down"], env=env, timeout=300)
    shutil.rmtree(cache_dir(), ignore_errors=True)

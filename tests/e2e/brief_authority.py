"""A further authority out there, whose certificates live for half a minute."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bed import pebble
from tests.bed.name_server import NameServer
from tests.bed.rootfs import chroot_command
from tests.e2e.world import Program, World

PORT = 14100
DNS_PORT = 5353
ZONE = "example.test"
LIFE = 32
URL = f"https://pebble:{PORT}/dir"


@dataclass(frozen=True)
class BriefAuthority:
    """It asks a name server of its own, which takes updates."""

    program: Program
    zone: NameServer

    @contextmanager
    def out_of_reach(self) -> Iterator[None]:
        """Let it answer nobody for a while, and forget nothing."""
        assert self.program.process
        os.kill(self.program.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.program.process.pid, signal.SIGCONT)


@contextmanager
def brief_authority(
    world: World, folder: Path, addresses: dict[str, str]
) -> Iterator[BriefAuthority]:
    """Run both; `addresses` are those of the names in the zone."""
    bed = world.bed
    zone = NameServer(
        folder / "zone", bed.internet_netns, addresses, ZONE, bed.internet_address, DNS_PORT
    )
    listen = {
        "listenAddress": f"0.0.0.0:{PORT}",
        "managementListenAddress": f"0.0.0.0:{PORT + 1000}",
    }
    files = pebble.prepare(folder / "brief-pebble", validity_seconds=LIFE, settings=listen)
    asked = ["curl", "-skf", "--noproxy", "*", "--max-time", "5"]
    program = Program(
        chroot_command(
            files.command(dns=zone.where),
            {files.directory: pebble.INSIDE},
            env=pebble.ENVIRONMENT,
            netns=bed.internet_netns,
        ),
        folder / "brief-pebble.log",
        lambda: (
            bed.run(
                [*asked, f"https://{bed.internet_address}:{PORT}/dir"],
                bed.internet_netns,
                timeout=10,
                check=False,
            ).returncode
            == 0
        ),
    )
    with zone.running():
        program.start()
        try:
            yield BriefAuthority(program, zone)
        finally:
            program.stop()

"""Which ports can be reached, asked from where somebody nosy might stand."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bed.bed import Bed
from tests.bed.images import TOOLS
from tests.e2e.waiting import wait_until

CONNECT = """
import errno, json, socket, sys
found = {}
for target in sys.argv[1:]:
    host, _, port = target.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        found[target] = "open"
    except OSError as error:
        found[target] = errno.errorcode.get(error.errno, "") if error.errno else str(error)
print(json.dumps(found))
"""
"""What prints, for each HOST:PORT, `open` or the error; it needs no more than Python."""

SCAN = """
import json, socket, sys
found = []
for port in range(1, 65536):
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((sys.argv[1], port)) == 0:
            found.append(port)
print(json.dumps(found))
"""


def from_network(bed: Bed, network: str, *targets: str) -> dict[str, str]:
    """Try to connect from a new container on a Docker network."""
    options = ["--rm", "--network", network, "--entrypoint", "python3"]
    done = bed.docker("run", *options, TOOLS, "-c", CONNECT, *targets, timeout=60)
    return parsed(done.stdout)


def from_client(bed: Bed, netns: str, *targets: str) -> dict[str, str]:
    """Try to connect from a client on the LAN."""
    return parsed(bed.run([sys.executable, "-c", CONNECT, *targets], netns, timeout=60).stdout)


def open_ports(bed: Bed, netns: str, address: str) -> list[int]:
    """Try every TCP port of an address."""
    done = bed.run([sys.executable, "-c", SCAN, address], netns, timeout=120)
    found: list[int] = json.loads(done.stdout)
    return found


def parsed(text: str) -> dict[str, str]:
    """Read what CONNECT printed."""
    found: dict[str, str] = json.loads(text)
    return found


@contextmanager
def reached_by_route(bed: Bed) -> Iterator[str]:
    """Lend HOST:PORT of a container that whoever has a route to it reaches.

    The engine drops such packets since version 28 unless a network says otherwise
    (https://docs.docker.com/engine/network/drivers/bridge/); older ones do not know the option,
    and let those pass that go to a published port.
    """
    network, port = "nvr-routed", 80
    mode = "com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected"
    bed.docker("network", "create", "--opt", mode, network)
    try:
        server = ["python3", "-m", "http.server", str(port)]
        options = ["--detach", "--rm", "--network", network]
        options += ["--publish", f"{bed.lan_address}:8098:{port}"]
        identity = bed.docker("run", *options, TOOLS, *server).stdout.strip()
        try:
            form = f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}'
            address = bed.docker("inspect", "--format", form, identity).stdout.strip()
            yield f"{address}:{port}"
        finally:
            bed.docker("rm", "--force", identity)
    finally:
        bed.docker("network", "rm", network)


@contextmanager
def listener_beside(bed: Bed, container: str, port: int) -> Iterator[None]:
    """Let something else listen on every address that a container has."""
    options = ["--detach", "--rm", "--network", f"container:{container}"]
    server = ["python3", "-m", "http.server", str(port)]
    identity = bed.docker("run", *options, TOOLS, *server).stdout.strip()
    asked = ["curl", "--silent", "--fail", "--max-time", "2", f"http://127.0.0.1:{port}/"]
    try:
        wait_until(
            "the other listener",
            lambda: bed.docker("exec", identity, *asked, check=False).returncode == 0,
            seconds=10,
        )
        yield
    finally:
        bed.docker("rm", "--force", identity)

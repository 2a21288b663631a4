"""The bed's DNS: what the engine's containers ask for names that are not containers'.

It stands in the namespace of "the Internet" and knows no name until a test adds one. Without it,
a lookup of an unknown name would not fail but last ten seconds.
"""

import json
import subprocess
from collections.abc import Mapping

from tests.bed import network
from tests.bed.paths import bed_dir
from tests.bed.process import BedError, Done, run, wait_for
from tests.bed.rootfs import chroot_command

MANAGEMENT = f"http://{network.INTERNET_ADDRESS}:8055"


def start() -> None:
    """Start the resolver unless it answers."""
    if answers():
        return
    nothing_else = [f"-{name}=" for name in ("http01", "https01", "tlsalpn01", "doh")]
    no_default = ["-defaultIPv4=", "-defaultIPv6="]
    program = [
        "pebble-challtestsrv",
        f"-dnsserver={network.INTERNET_ADDRESS}:53",
        f"-management={network.INTERNET_ADDRESS}:8055",
        *no_default,
        *nothing_else,
    ]
    with (bed_dir() / "resolver.log").open("wb") as log:
        subprocess.run(
            ["setsid", "--fork", *chroot_command(program, netns=network.INTERNET)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=10,
            check=True,
        )
    if not wait_for(answers, seconds=10):
        message = f"the resolver does not start: {(bed_dir() / 'resolver.log').read_text()}"
        raise BedError(message)


def answers() -> bool:
    """Say whether the resolver takes commands."""
    return _post("/clear-a", {"host": "bed.invalid."}).returncode == 0


def set_address(name: str, address: str | None) -> None:
    """Make a name resolve to an IPv4 address, or to none again."""
    host = f"{name.rstrip('.')}."
    commands: list[tuple[str, dict[str, object]]] = [("/clear-a", {"host": host})]
    if address is not None:
        commands.append(("/add-a", {"host": host, "addresses": [address]}))
    for path, body in commands:
        done = _post(path, body)
        if done.returncode != 0:
            message = f"the resolver did not take {name}: {done.stderr}"
            raise BedError(message)


def _post(path: str, body: Mapping[str, object]) -> Done:
    """Send a command from within the resolver's own namespace."""
    enter = ["nsenter", f"--net={network.NETNS / network.INTERNET}"]
    curl = ["curl", "--silent", "--show-error", "--fail", "--max-time", "5", "--data", "@-"]
    return run([*enter, *curl, MANAGEMENT + path], input=json.dumps(body), check=False)

"""A network of the tests' own: a namespace with nothing but a loopback in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bed.lock import lock
from tests.bed.process import alive, end, run

NETNS = Path("/run/netns")
PREFIX = "nvrct"


@contextmanager
def namespace(what: str) -> Iterator[str]:
    """Lend a network namespace in which, as in a container, anybody may bind any port."""
    _remove_leftovers()
    name = f"{PREFIX}-{os.getpid()}-{what}"
    run(["ip", "netns", "add", name])
    try:
        run(["ip", "-n", name, "link", "set", "lo", "up"])
        setting = "net.ipv4.ip_unprivileged_port_start=0"
        run([*inside(name), "sysctl", "-q", "-w", setting])
        yield name
    finally:
        _remove(name)


def inside(name: str) -> list[str]:
    """The words that put a command into a namespace."""
    return ["nsenter", f"--net={NETNS / name}"]


def _remove(name: str) -> None:
    end(map(int, run(["ip", "netns", "pids", name]).stdout.split()), seconds=1)
    run(["ip", "netns", "delete", name])


def _remove_leftovers() -> None:
    """Remove what a test run left that was killed; other runs may be about to do the same."""
    with lock("contract", shared=True):
        for path in NETNS.glob(f"{PREFIX}-*") if NETNS.is_dir() else ():
            owner = path.name.split("-")[1]
            if not alive(int(owner)):
                _remove(path.name)

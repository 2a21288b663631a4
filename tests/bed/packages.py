"""Debian packages of the machine itself, installed when they are missing."""

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bed.lock import lock
from tests.bed.process import BedError, run

ROOTFS = ("mmdebstrap", "ca-certificates", "tar", "util-linux")
"""What is needed to make a directory with the real programs and to run them there."""

ENGINE = (*ROOTFS, "docker.io", "iptables", "iproute2", "curl", "openssl")
"""What is needed to run the whole bed."""

POLICY = Path("/usr/sbin/policy-rc.d")
INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends")


def missing(packages: Sequence[str]) -> list[str]:
    """Return those of the packages which are not installed."""
    shown = run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *packages],
        check=False,
    )
    there = {line.split()[0] for line in shown.stdout.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in there]


def ensure(packages: Sequence[str] = ENGINE) -> None:
    """Install what is missing; without root, say in one sentence what to install."""
    lacking = missing(packages)
    if os.geteuid() != 0:
        what = f" with the packages {', '.join(lacking)}" if lacking else ""
        command = f" (`{shlex.join([*INSTALL, *lacking])}`)" if lacking else ""
        message = f"the test bed needs root{what}{command}"
        raise BedError(message)
    if not _root_is_mounted():
        message = (
            "the root directory is no mount point, as in a plain chroot, so that no program can be "
            "given mounts of its own: leave, run `mount --bind DIR DIR` on it, and enter again"
        )
        raise BedError(message)
    if lacking:
        with lock("packages", shared=True):
            _install(missing(packages))


def _install(lacking: Sequence[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        first = run([*INSTALL, *lacking], env=environment, timeout=600, check=False)
        if first.returncode != 0:
            # No lists yet, or lists so old that they name files which the mirror has dropped.
            run(["apt-get", "update"], env=environment, timeout=300)
            run([*INSTALL, *lacking], env=environment, timeout=600)


def _root_is_mounted() -> bool:
    # The fifth field of proc(5)'s mountinfo is the mount point, as seen from this root.
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return any(line.split()[4] == "/" for line in mounts)


@contextmanager
def _no_services() -> Iterator[None]:
    """Keep package scripts from starting an engine of the host's."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()

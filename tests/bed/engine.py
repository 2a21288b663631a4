"""The private engine: one dockerd in its own network and mount namespace."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.bed import cgroups, compose, network
from tests.bed.paths import engine_dir, made
from tests.bed.process import BedError, alive, end, run, wait_for

START_SECONDS = 60.0
STOP_SECONDS = 40.0
"""Longer than the ten seconds that the engine grants its containers, and then its own end."""


def socket() -> Path:
    """Return the engine's socket."""
    return engine_dir() / "docker.sock"


def host() -> str:
    """Return the value of DOCKER_HOST."""
    return f"unix://{socket()}"


def environment() -> dict[str, str]:
    """Return an environment for docker commands that reaches this engine and no other."""
    return compose.environment(host())


def pid() -> int | None:
    """Return the engine's process, if it runs."""
    try:
        found = int((engine_dir() / "docker.pid").read_text())
        command = Path(f"/proc/{found}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return found if os.fsencode(engine_dir()) in command and alive(found) else None


def answers() -> bool:
    """Say whether the engine takes commands."""
    if pid() is None or not socket().exists():
        return False
    asked = ["curl", "--silent", "--max-time", "5", "--unix-socket", str(socket())]
    return run([*asked, "http://engine/_ping"], check=False).stdout == "OK"


def start() -> None:
    """Start the engine in its namespace and wait until it takes commands."""
    folder = made(engine_dir())
    arguments = [
        "dockerd",
        f"--data-root={folder / 'data'}",
        f"--exec-root={folder / 'exec'}",
        f"--pidfile={folder / 'docker.pid'}",
        f"--host={host()}",
        # The host's own settings must not reach this engine.
        f"--config-file={folder / 'daemon.json'}",
        f"--default-address-pool=base={network.POOL},size=24",
        f"--dns={network.INTERNET_ADDRESS}",
        f"--cgroup-parent=/{cgroups.PARENT}",
        "--exec-opt=native.cgroupdriver=cgroupfs",
    ]
    (folder / "daemon.json").write_text("{}\n")
    # `ip netns exec` would hide the control groups, which are mounted below /sys. In a mount
    # namespace of the engine's own, its mounts vanish with its last process.
    enter = [
        "setsid",
        "--fork",
        "nsenter",
        f"--net={network.NETNS / network.ENGINE}",
        "unshare",
        "--mount",
        "--propagation=slave",
    ]
    with (folder / "dockerd.log").open("wb") as log:
        subprocess.run(
            [*enter, *arguments],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=10,
            check=True,
        )
    if not wait_for(lambda: answers() or _failed(), seconds=START_SECONDS) or _failed():
        message = f"the engine does not start:\n{_log_tail()}"
        raise BedError(message)


def stop() -> None:
    """Stop the engine and its containers."""
    running = pid()
    if running is not None:
        end([running], seconds=STOP_SECONDS)
    (engine_dir() / "docker.pid").unlink(missing_ok=True)


def restart() -> None:
    """Stop and start the engine, as a reboot or an upgrade does."""
    stop()
    start()


def remove_leftovers() -> None:
    """End what a crashed run left of the engine: its helpers, its containers, its groups."""
    stop()
    end([*network.processes(), *cgroups.processes()], seconds=1)
    cgroups.remove()
    _unmount()
    socket().unlink(missing_ok=True)
    shutil.rmtree(engine_dir() / "exec", ignore_errors=True)


def clean() -> None:
    """Remove the engine's data: images, containers, volumes."""
    _unmount()
    shutil.rmtree(engine_dir(), ignore_errors=True)


def _unmount() -> None:
    """Unmount whatever an engine has mounted below its directory in this mount namespace."""
    below = f"{engine_dir()}/"
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((path for path in mounted if path.startswith(below)), reverse=True):
        run(["umount", "--lazy", point], check=False)


def _failed() -> bool:
    """Say whether the engine has given up already."""
    return "failed to start daemon" in _log_tail()


def _log_tail() -> str:
    """Return the end of the engine's log."""
    text = (engine_dir() / "dockerd.log").read_text(errors="replace")
    return "\n".join(text.splitlines()[-15:])

"""The private engine: one dockerd in its own network and mount namespace."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.bed import cgroups, compose, network
from tests.bed.paths import bed_dir, engine_dir, engine_name, made
from tests.bed.process import BedError, alive, end, kill, run, wait_for
from tests.bed.releases import RELEASES

START_SECONDS = 60.0
STOP_SECONDS = 110.0
"""Longer than the 90 seconds that a Moonfire is granted, and then the engine's own end.

The engine does not tell a container to end which it is just starting once more.
"""


def socket() -> Path:
    """Return the engine's socket."""
    return engine_dir() / "docker.sock"


def host() -> str:
    """Return the value of DOCKER_HOST."""
    return f"unix://{socket()}"


def environment() -> dict[str, str]:
    """Return an environment for docker commands that reaches this engine and no other."""
    return compose.environment(host())


def pid(folder: Path | None = None) -> int | None:
    """Return the engine's process, if it runs; with a directory, of the engine that has that."""
    folder = folder or engine_dir()
    try:
        found = int((folder / "docker.pid").read_text())
        command = Path(f"/proc/{found}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return found if os.fsencode(folder) in command and alive(found) else None


def answers() -> bool:
    """Say whether the engine that was started here takes commands."""
    return pid() is not None and takes_commands()


def takes_commands() -> bool:
    """Say whether an engine takes commands, whoever started it."""
    if not socket().exists():
        return False
    asked = ["curl", "--silent", "--max-time", "5", "--unix-socket", str(socket())]
    return run([*asked, "http://engine/_ping"], check=False).stdout == "OK"


def arguments(state: Path) -> list[str]:
    """Return the engine's command line; what a reboot takes away is to be in `state`."""
    folder = engine_dir()
    return [
        "dockerd",
        f"--data-root={folder / 'data'}",
        f"--exec-root={state / 'exec'}",
        f"--pidfile={state / 'docker.pid'}",
        f"--host={host()}",
        # The host's own settings must not reach this engine.
        f"--config-file={folder / 'daemon.json'}",
        f"--default-address-pool=base={network.POOL},size=24",
        f"--dns={network.INTERNET_ADDRESS}",
        f"--cgroup-parent=/{cgroups.PARENT}",
        "--exec-opt=native.cgroupdriver=cgroupfs",
    ]


def start() -> None:
    """Start the engine in its namespace and wait until it takes commands."""
    folder = made(engine_dir())
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
    log_file = folder / "dockerd.log"
    if log_file.exists():
        # It tells how the engine ended before.
        log_file.replace(folder / "dockerd.log.old")
    with log_file.open("wb") as log:
        subprocess.run(
            [*enter, *arguments(folder)],
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
    """Stop the engine and its containers; what does not end in time is killed."""
    running = pid()
    if running is not None:
        end([running], seconds=STOP_SECONDS)
    _forget()


def cut_power() -> None:
    """Kill the engine and all that it runs; none of them can write anything about it."""
    running = pid()
    if running is not None:
        kill([running])
    _forget()


def restart() -> None:
    """Stop and start the engine, as a reboot or an upgrade does."""
    stop()
    start()


def remove_leftovers() -> None:
    """End what a crashed run left of the engine and in its network, and this bed's other engine."""
    others = [pid(bed_dir() / name) for name in RELEASES if name != engine_name()]
    end([other for other in others if other is not None], seconds=STOP_SECONDS)
    stop()
    end(network.processes(), seconds=1)
    _unmount()


def _forget() -> None:
    """Kill what is left of an engine, and remove what no reboot leaves: its state below /run."""
    kill([*_helpers(), *cgroups.processes()])
    cgroups.remove()
    for file in (socket(), engine_dir() / "docker.pid"):
        file.unlink(missing_ok=True)
    shutil.rmtree(engine_dir() / "exec", ignore_errors=True)


def _helpers() -> list[int]:
    """Return containerd and its shims, which all are told the engine's directory."""
    mark, found = os.fsencode(engine_dir() / "exec"), []
    for number in network.processes(network.ENGINE):
        try:
            command = Path(f"/proc/{number}/cmdline").read_bytes()
        except OSError:
            continue
        if mark in command:
            found.append(number)
    return found


def _unmount() -> None:
    """Unmount whatever an engine has mounted below its directory in this mount namespace."""
    below = f"{engine_dir()}/"
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((path for path in mounted if path.startswith(below)), reverse=True):
        run(["umount", "--lazy", point], check=False)


def _failed() -> bool:
    """Say whether the engine has given up already."""
    told = _log_tail()
    return "failed to start daemon" in told or "failed to start containerd" in told


def _log_tail() -> str:
    """Return the end of the engine's log."""
    text = (engine_dir() / "dockerd.log").read_text(errors="replace")
    return "\n".join(text.splitlines()[-15:])

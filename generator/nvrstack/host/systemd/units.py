"""systemd's units, where systemd is the first process; see systemctl(1)."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nvrstack.errors import HostError

BOOTED = Path("/run/systemd/system")
"""Exists where systemd is the init system, see sd_booted(3)."""
RUNTIME = Path("/run")
SECONDS = 180
"""More than the 90 seconds that systemd by itself grants a service to stop."""


@dataclass(frozen=True)
class UnitState:
    """Whether a unit starts at boot, and whether it runs."""

    enabled: bool
    active: bool


def runs() -> bool:
    """Whether systemd is the first process of this host."""
    return BOOTED.is_dir()


def state(unit: str) -> UnitState | None:
    """How a unit stands; None where systemd does not know it. Raises HostError.

    One whose file has gone while it ran is known for as long as it runs.
    """
    found = properties(unit, "LoadState", "ActiveState", "UnitFileState")
    active = found.get("ActiveState") in {"active", "activating", "reloading"}
    if found.get("LoadState") in {None, "", "not-found"} and not active:
        return None
    return UnitState(enabled=found.get("UnitFileState") == "enabled", active=active)


def files(unit: str) -> tuple[Path, ...]:
    """The unit's file and its drop-ins, without those that are gone at the next boot.

    Raises HostError.
    """
    found = properties(unit, "FragmentPath", "DropInPaths")
    words = f"{found.get('FragmentPath', '')} {found.get('DropInPaths', '')}".split()
    return tuple(path for path in map(Path, words) if not path.is_relative_to(RUNTIME))


def properties(unit: str, *names: str) -> Mapping[str, str]:
    """What systemd says of a unit, by the names of `systemctl show`. Raises HostError."""
    told = _systemctl("show", f"--property={','.join(names)}", unit)
    return dict(line.partition("=")[::2] for line in told.splitlines())


def triggers(unit: str) -> tuple[str, ...]:
    """The sockets, timers and paths that are there to start a unit. Raises HostError."""
    return tuple(properties(unit, "TriggeredBy").get("TriggeredBy", "").split())


def disable(unit: str) -> None:
    """Let a unit not start at boot any more. Raises HostError."""
    _systemctl("disable", unit)


def stop(unit: str) -> None:
    """Stop a unit and wait until it has. Raises HostError."""
    _systemctl("stop", unit)


def start(unit: str) -> None:
    """Start a unit and wait until it runs. Raises HostError."""
    _systemctl("start", unit)


def reset_failed(unit: str) -> None:
    """Forget how often a unit has failed, which may keep it from starting.

    Raises HostError, also for a unit that is not loaded: neither enabled, nor running, nor failed.
    """
    _systemctl("reset-failed", unit)


def enable(unit: str) -> None:
    """Let a unit start at boot. Raises HostError."""
    _systemctl("enable", unit)


def reload(unit: str) -> None:
    """Let a service that runs read its files again; one that does not is left alone.

    Raises HostError.
    """
    _systemctl("try-reload-or-restart", unit)


def reload_manager() -> None:
    """Let systemd read the files of all units again. Raises HostError."""
    _systemctl("daemon-reload")


def _systemctl(*words: str) -> str:
    try:
        result = subprocess.run(
            ["systemctl", "--no-pager", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise HostError("systemctl is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise HostError(f"systemctl {words[0]} took longer than {SECONDS} seconds") from error
    if result.returncode != 0:
        told = (result.stderr or result.stdout).strip().splitlines()
        reason = told[-1] if told else "no reason given"
        raise HostError(f"systemctl {' '.join(words)}: {reason}")
    return result.stdout

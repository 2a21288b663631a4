"""A drop-in by which systemd starts a unit again, however it ended, until the next boot.

See systemd.unit(5) for drop-ins and StartLimitIntervalSec=, systemd.service(5) for Restart=.
"""

import contextlib
from pathlib import Path

from nvrstack.host import atomic
from nvrstack.host.atomic import refused
from nvrstack.host.systemd import units as systemd
from nvrstack.tree import PUBLIC

NAME = "zz-nvrstack.conf"
"""Drop-ins are read by their file names, wherever they are, and the last one wins: this one must
come after the override.conf that `systemctl edit` makes."""
TEXT = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\nRestartSec=1\n"


def restart_always(unit: str) -> None:
    """Let systemd start a unit again and again when it ends by itself. Raises HostError."""
    # systemd refuses to load such a unit with Restart=always.
    if systemd.properties(unit, "Type").get("Type") == "oneshot":
        return
    place = _place(unit)
    try:
        # No secret, as all drop-ins: systemctl shows them to everybody.
        place.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(place, TEXT.encode(), PUBLIC)
    except OSError as error:
        raise refused(place, error) from error
    systemd.reload_manager()


def restart_as_told(unit: str) -> None:
    """Let the unit's own Restart= be in force again. Raises HostError."""
    place = _place(unit)
    # Where a kill came between the two, the file is gone and still in force.
    if not place.exists() and str(place) not in _in_force(unit):
        return
    try:
        place.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            # It stays where somebody else has a drop-in there.
            place.parent.rmdir()
    except OSError as error:
        raise refused(place, error) from error
    systemd.reload_manager()


def _in_force(unit: str) -> list[str]:
    return systemd.properties(unit, "DropInPaths").get("DropInPaths", "").split()


def _place(unit: str) -> Path:
    return systemd.BOOTED / f"{unit}.d" / NAME

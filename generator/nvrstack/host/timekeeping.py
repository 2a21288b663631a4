"""Which program keeps the clock right."""

from contextlib import suppress
from pathlib import Path

DAEMONS = ("chronyd", "ntpd", "ntpsec", "openntpd")


def clock_keeper(root: Path = Path("/")) -> str | None:
    """The name of the program that keeps the clock right, if one is at work.

    systemd-timesyncd(8) makes a file once it has the time; the others are looked for by name.
    """
    if (root / "run/systemd/timesync/synchronized").exists():
        return "systemd-timesyncd"
    for process in (root / "proc").glob("[0-9]*"):
        with suppress(OSError):
            name = (process / "comm").read_text(encoding="utf-8").strip()
            if name in DAEMONS:
                return name
    return None

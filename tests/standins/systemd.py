"""A stand-in for systemctl and the manager behind it, for hosts of tests. It is NOT systemd.

    python3 systemd.py DIRECTORY [--no-pager] COMMAND [UNIT]

It knows daemon-reload, which does nothing here, and show, enable, disable, start, stop,
reset-failed and try-reload-or-restart, each with one unit, as systemctl(1) describes them.
DIRECTORY holds `units/NAME`, which are unit files or links to them, links that want one in
`units/*.wants`, one of which an enabled unit has, and `run/`, where one that runs has the id of its
process. It reads ExecStart, User, Group and Environment; a timer runs when it was started, and
starts nothing. Drop-ins are listed where they are beside a unit, and have no effect.
"""

import configparser
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

STOP_SECONDS = 90.0


class Unit:
    """One unit of the directory."""

    def __init__(self, base: Path, name: str) -> None:
        self.file = base / "units" / name
        self.link = base / "units" / "multi-user.target.wants" / name
        self.running = base / "run" / name
        self.log = base / "run" / f"{name}.log"
        self.is_timer = name.endswith(".timer")

    def show(self) -> None:
        """Print what nvrstack asks for."""
        print(f"LoadState={'loaded' if self.file.exists() else 'not-found'}")
        print(f"ActiveState={'active' if self.is_active() else 'inactive'}")
        print(f"UnitFileState={'enabled' if self.link.is_symlink() else 'disabled'}")
        print(f"FragmentPath={self.file if self.file.exists() else ''}")
        print(f"DropInPaths={' '.join(map(str, self.file.parent.glob(f'{self.file.name}.d/*')))}")
        print("Type=simple")

    def is_active(self) -> bool:
        """Say whether its process runs, and is no corpse."""
        if not self.running.exists():
            return False
        if self.is_timer:
            return True
        try:
            stat = Path(f"/proc/{self.running.read_text()}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}

    def enable(self) -> None:
        """Let it start at boot."""
        self.link.parent.mkdir(exist_ok=True)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(self.file)

    def disable(self) -> None:
        """Remove every link to it, also that which is the unit itself."""
        for link in self.file.parent.glob(f"*.wants/{self.file.name}"):
            link.unlink()
        if self.file.is_symlink():
            self.file.unlink()

    def reset_failed(self) -> None:
        """Refuse it for a unit that nothing keeps in memory, as systemd does."""
        if not self.is_active() and not self.link.is_symlink():
            name = self.file.name
            sys.exit(f"Failed to reset failed state of unit {name}: Unit {name} not loaded.")

    def start(self) -> None:
        """Start its process, and see that it does not end at once."""
        if self.is_active():
            return
        self.running.parent.mkdir(exist_ok=True)
        if self.is_timer:
            self.running.write_text("")
            return
        settings = configparser.ConfigParser(interpolation=None, strict=False)
        settings.optionxform = str  # type: ignore[assignment,method-assign]
        settings.read(self.file)
        service = settings["Service"]
        user, group = service.get("User", ""), service.get("Group", "")
        ids = ["setpriv", "--clear-groups", "--reuid", user, "--regid", group] if user else []
        environment = dict(pair.split("=", 1) for pair in service.get("Environment", "").split())
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*ids, *shlex.split(service["ExecStart"])],
                env={"PATH": os.environ["PATH"], **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.write_text(str(process.pid))
        time.sleep(0.5)
        if process.poll() is not None:
            sys.exit(f"Job for {self.file.name} failed.")

    def stop(self) -> None:
        """End its process and wait for that."""
        if self.is_active() and not self.is_timer:
            pid = int(self.running.read_text())
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while self.is_active():
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.05)
        self.running.unlink(missing_ok=True)


def main() -> None:
    """Do what the command line says."""
    words = [word for word in sys.argv[2:] if not word.startswith("--")]
    if words == ["daemon-reload"]:
        return
    command, name = words
    unit = Unit(Path(sys.argv[1]), name)
    if command == "show":
        unit.show()
        return
    if not unit.file.exists() and not (command == "stop" and unit.is_active()):
        sys.exit(f"Failed to {command} unit: Unit file {name} does not exist.")
    if command == "try-reload-or-restart":
        if unit.is_active():
            unit.stop()
            unit.start()
        return
    {
        "enable": unit.enable,
        "disable": unit.disable,
        "start": unit.start,
        "stop": unit.stop,
        "reset-failed": unit.reset_failed,
    }[command]()


if __name__ == "__main__":
    main()

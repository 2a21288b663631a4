"""The subcommand `run`."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from tests.standins.moonfire.background import Stopper, notify_systemd, start_background
from tests.standins.moonfire.configuration import load_config
from tests.standins.moonfire.database import Database
from tests.standins.moonfire.listener import BindServer, Server
from tests.standins.moonfire.program import MoonfireError, log, seconds_from_environment, version
from tests.standins.moonfire.routes import RequestHandler
from tests.standins.moonfire.sample_dirs import open_sample_dirs


def run(config_path: Path, *, read_only: bool) -> int:
    """The subcommand `run`: serve until a signal comes. Returns the exit status."""
    config = load_config(config_path)
    stopper = Stopper()
    db = Database(config.db_dir, read_only=read_only)
    log("INFO", "Database is loaded.")
    dirs = open_sample_dirs(db)
    log("INFO", "Directories are opened.")
    # The real server reads the whole index and rotates files before it listens.
    time.sleep(seconds_from_environment("STANDIN_START_SECONDS"))
    log("INFO", "Initial rotation is complete.")
    zone = time_zone_name()
    if zone is None:
        raise MoonfireError(
            "UNKNOWN",
            "unable to get IANA time zone name; check your $TZ, /etc/localtime, and "
            "/usr/share/zoneinfo/",
        )
    log("INFO", f"Resolved timezone: {zone}")
    server = Server(db, config, zone)
    start_background(server)
    for bind in config.binds:
        listener = BindServer(bind, server, RequestHandler)
        threading.Thread(
            target=listener.serve_forever, name=f"listener-{bind}", daemon=True
        ).start()
    notify_systemd("READY=1")
    log("INFO", "Ready to serve HTTP requests")
    stopper.requested.wait()
    notify_systemd("STOPPING=1")
    log("INFO", "Shutting down streamers, directory pools, and flusher.")
    server.stop.set()
    if not read_only:
        db.flush()
    for fd in dirs:
        os.close(fd)
    log("INFO", "Waiting for TEARDOWN requests to complete.")
    time.sleep(seconds_from_environment("STANDIN_STOP_SECONDS"))
    db.close()
    log("INFO", "Exiting.")
    return 0


def time_zone_name() -> str | None:
    """Resolve TZ to an IANA name whose data can be loaded; None stops the server (>= v0.7.18).

    An unset TZ means the symlink /etc/localtime; the empty string means UTC.
    """
    name = os.environ.get("TZ")
    if name is None:
        try:
            name = str(Path("/etc/localtime").readlink())
        except OSError:
            return None
        if "/zoneinfo/" not in name:
            return None
    name = name.removeprefix(":").rpartition("zoneinfo/")[2]
    if not name:
        return "UTC"
    default = "/usr/share/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo"
    for directory in os.environ.get("STANDIN_ZONEINFO", default).split(":"):
        try:
            with (Path(directory) / name).open("rb") as file:
                if file.read(4) == b"TZif":
                    return name
        except OSError:
            continue
    # v0.7.10 to v0.7.17 did not check that the data exist.
    return name if version() < (0, 7, 18) and "," not in name else None

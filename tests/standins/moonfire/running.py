"""The subcommand `run`."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

from tests.standins.moonfire.background import Stopper, notify_systemd
from tests.standins.moonfire.configuration import load_config
from tests.standins.moonfire.database import Database
from tests.standins.moonfire.flushing import Flusher
from tests.standins.moonfire.levers import lever, seconds
from tests.standins.moonfire.listener import BindServer, Server
from tests.standins.moonfire.program import MoonfireError, log, version
from tests.standins.moonfire.routes import RequestHandler
from tests.standins.moonfire.sample_dirs import open_sample_dirs
from tests.standins.moonfire.streaming import RETRY_SECONDS, Stream

ENDING_SECONDS = RETRY_SECONDS + 0.5
"""What a stream that waits or connects has to end; one that records needs a moment of it."""


def run(config_path: Path, *, read_only: bool) -> int:
    """The subcommand `run`: serve until a signal comes. Returns the exit status."""
    config = load_config(config_path)
    if config.worker_threads == 0:
        # Zero can be read, but nothing can run then.
        log("ERROR", 'panic location=tokio payload="Worker threads cannot be set to 0"')
        os.abort()
    stopper = Stopper()
    db = Database(config.db_dir, read_only=read_only)
    log("INFO", "Database is loaded.")
    dirs = open_sample_dirs(db)
    log("INFO", "Directories are opened.")
    # The real server reads the whole index and rotates files before it listens.
    time.sleep(seconds("start_seconds"))
    log("INFO", "Initial rotation is complete.")
    zone = time_zone_name()
    if zone is None:
        raise MoonfireError(
            "UNKNOWN",
            "unable to get IANA time zone name; check your $TZ, /etc/localtime, and "
            "/usr/share/zoneinfo/",
        )
    log("INFO", f"Resolved timezone: {zone}")
    server = Server(db, config, zone, Flusher(db))
    server.streams = {} if read_only else recorded_streams(server)
    flushing = threading.Thread(target=server.flusher.run, name="flusher", daemon=True)
    recording = [
        threading.Thread(target=stream.run, name=f"s-{stream.name}", daemon=True)
        for stream in server.streams.values()
    ]
    for thread in [] if read_only else [flushing, *recording]:
        thread.start()
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
    shut_down(server, flushing, recording)
    for fd in dirs:
        os.close(fd)
    log("INFO", "Waiting for TEARDOWN requests to complete.")
    time.sleep(seconds("stop_seconds"))
    db.close()
    log("INFO", "Exiting.")
    return 0


def recorded_streams(server: Server) -> dict[int, Stream]:
    """The streams that are to be recorded; raises MoonfireError for one that cannot be."""
    rows = server.db.conn.execute(
        "select s.id, s.type, s.config, c.short_name, c.config, json_extract(d.config, '$.path')"
        " from stream s join camera c on c.id = s.camera_id"
        " left join sample_file_dir d on d.id = s.sample_file_dir_id order by s.id"
    ).fetchall()
    streams = {}
    for place, (number, kind, config, camera, camera_config, directory) in enumerate(rows):
        settings = json.loads(config)
        if settings.get("mode") != "record":
            continue
        if directory is None:
            log("WARN", f"Stream {number} set to record but has no sample file dir id")
            continue
        streams[number] = Stream(
            id=number,
            name=f"{camera}-{kind}",
            config=settings,
            camera=json.loads(camera_config),
            directory=Path(directory),
            offset_seconds=float(lever("recording_seconds")) * place / len(rows),
            db=server.db,
            flusher=server.flusher,
            stop=server.stop,
        )
    return streams


def shut_down(
    server: Server, flushing: threading.Thread, recording: list[threading.Thread]
) -> None:
    """End what records, then commit what is complete."""
    server.stop.set()
    for stream in server.streams.values():
        stream.interrupt()
    deadline = time.monotonic() + ENDING_SECONDS
    for thread in recording:
        thread.join(max(0.0, deadline - time.monotonic()))
    if flushing.is_alive():
        server.flusher.stop()
        flushing.join()


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

"""What goes on beside the requests: recording, flushing, the camera, systemd and signals."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

from tests.standins.moonfire.listener import Server
from tests.standins.moonfire.program import log

FLUSH_SECONDS = 60.0
RECORD_SECONDS = 0.1
"""Short, for a gap in the recordings is measured no finer than this."""


def start_background(server: Server) -> None:
    """Start recording, flushing and the camera connection, unless the database is read-only."""
    if server.db.read_only:
        return
    threading.Thread(target=record, args=(server,), name="recorder", daemon=True).start()
    threading.Thread(target=flush_now_and_then, args=(server,), name="flusher", daemon=True).start()
    camera = os.environ.get("STANDIN_CAMERA")
    if camera:
        threading.Thread(
            target=reach_camera, args=(server, camera), name="camera", daemon=True
        ).start()


def record(server: Server) -> None:
    """Append the time of day to the recording log every RECORD_SECONDS.

    It takes the database lock as a recording does, so that what holds the lock shows as a gap.
    """
    path = server.config.db_dir.parent / "standin-recording.log"
    while True:
        with server.db.lock:
            try:
                with path.open("a", encoding="ascii") as file:
                    file.write(f"{time.time():.3f}\n")
            except OSError as err:
                log("ERROR", f"recording failed: {err}")
        if server.stop.wait(RECORD_SECONDS):
            return


def flush_now_and_then(server: Server) -> None:
    """Flush at the start and every minute."""
    while True:
        server.db.flush()
        if server.stop.wait(FLUSH_SECONDS):
            return


def reach_camera(server: Server, address: str) -> None:
    """Connect to STANDIN_CAMERA once a second and log how it went, to prove the way out."""
    host, _, port = address.rpartition(":")
    while True:
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=3):
                log("INFO", f"camera {address}: connected")
        except (OSError, ValueError) as err:
            log("WARN", f"camera {address}: connection failed: {err}")
        if server.stop.wait(1.0):
            return


def notify_systemd(state: str) -> None:
    """Send READY=1 or STOPPING=1 when systemd asks for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        try:
            notifier.sendto(state.encode(), address.replace("@", "\0", 1))
        except OSError as err:
            log("WARN", f"unable to notify systemd: {err}")


class Stopper:
    """SIGTERM and SIGINT stop gracefully, a second one at once with exit status 1.

    SIGQUIT only dumps tasks, but uses up the graceful stop: the next signal is the second.
    A thread waits for the signals, so that nothing runs in the middle of something else, and
    process 1 of a container gets them too. To be made before any other thread.
    """

    SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})

    def __init__(self) -> None:
        self.requested = threading.Event()
        signal.pthread_sigmask(signal.SIG_BLOCK, self.SIGNALS)
        threading.Thread(target=self._watch, name="signals", daemon=True).start()

    def _watch(self) -> None:
        first = signal.Signals(signal.sigwait(self.SIGNALS))
        if first == signal.SIGQUIT:
            log("INFO", "tokio task dump (on SIGQUIT) completed successfully")
        else:
            log(
                "INFO",
                f"Received {first.name}; shutting down gracefully. "
                "Send another SIGINT or SIGTERM to shut down immediately.",
            )
            self.requested.set()
        second = signal.Signals(signal.sigwait(self.SIGNALS - {signal.SIGQUIT}))
        text = f"CANCELLED: immediate shutdown due to second signal ({second.name})"
        log("ERROR", f"exiting due to error err={text}")
        os._exit(1)

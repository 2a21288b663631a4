"""What goes on beside the requests: systemd and signals."""

from __future__ import annotations

import os
import signal
import socket
import threading

from tests.standins.moonfire.program import log


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

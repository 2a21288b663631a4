"""The listening sockets, one for each bind."""

from __future__ import annotations

import contextlib
import http.server
import os
import socket
import socketserver
import stat
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.standins.moonfire.configuration import Bind, Config
from tests.standins.moonfire.database import Database
from tests.standins.moonfire.flushing import Flusher
from tests.standins.moonfire.program import MoonfireError, log, os_error
from tests.standins.moonfire.streaming import Stream

FIRST_PASSED = 3
"""The number of the first descriptor that systemd passes."""


@dataclass
class Server:
    """What all binds share."""

    db: Database
    config: Config
    zone: str
    flusher: Flusher
    streams: dict[int, Stream] = field(default_factory=dict)
    """Those that are recorded, by their ids."""
    stop: threading.Event = field(default_factory=threading.Event)


class BindServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One listening socket with a thread per connection."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, bind: Bind, server: Server, handler: type[http.server.BaseHTTPRequestHandler]
    ) -> None:
        self.bind = bind
        self.shared = server
        families = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6, "unix": socket.AF_UNIX}
        if bind.kind == "systemd":
            passed = passed_socket(bind.address)
            self.address_family = passed.family
            super().__init__(passed.getsockname(), handler, bind_and_activate=False)
            self.socket.close()
            self.socket = passed
            return
        self.address_family = families[bind.kind]
        address: Any = bind.socket_address()
        if bind.kind == "unix":
            remove_stale_socket(Path(address))
        try:
            super().__init__(address, handler)
        except OSError as err:
            what = "unable bind Unix socket" if bind.kind == "unix" else "unable to bind TCP socket"
            raise os_error(f"{what} {bind.address}", err) from err

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; TCP ones get TCP_NODELAY."""
        connection, address = super().get_request()
        if self.address_family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about clients that go away; log anything else."""
        err = sys.exception()
        if not isinstance(err, ConnectionError | TimeoutError):
            log("ERROR", f"connection failed: {err!r}")


def passed_socket(name: str) -> socket.socket:
    """A listening socket that systemd passed by its name, see sd_listen_fds_with_names(3)."""
    mine = os.environ.get("LISTEN_PID") == str(os.getpid())
    names = os.environ.get("LISTEN_FDNAMES", "").split(":") if mine else []
    if name not in names:
        raise MoonfireError(
            "NOT_FOUND",
            f"can't find systemd socket named {name}; available sockets are: {', '.join(names)}",
        )
    return socket.socket(fileno=FIRST_PASSED + names.index(name))


def remove_stale_socket(path: Path) -> None:
    """Remove a socket left by an earlier run.

    The documented slip is kept: the bit test also matches a regular file, which is then lost.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if stat.S_IFMT(mode) & stat.S_IFSOCK:
        # A directory matches as well, but cannot be unlinked; the bind then fails by itself.
        with contextlib.suppress(OSError):
            path.unlink()

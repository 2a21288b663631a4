"""The server's side of a WebSocket (RFC 6455): handshake and frames."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import struct
import threading

from tests.standins.moonfire.exchange import MAX_BODY_BYTES, Exchange
from tests.standins.moonfire.program import MoonfireError

WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def websocket_accept(request: Exchange) -> str:
    """Check the client's handshake (400 if it is none) and return Sec-WebSocket-Accept."""
    connection = (request.header("Connection") or "").lower()
    key = request.header("Sec-WebSocket-Key")
    problem = ""
    if request.command != "GET":
        problem = "Unsupported HTTP method used - only GET is allowed"
    elif request.request_version != "HTTP/1.1":
        problem = "HTTP version must be 1.1 or higher"
    elif "upgrade" not in re.split(r"[ ,]+", connection):
        problem = 'No "Connection: upgrade" header'
    elif (request.header("Upgrade") or "").lower() != "websocket":
        problem = 'No "Upgrade: websocket" header'
    elif request.header("Sec-WebSocket-Version") != "13":
        problem = 'No "Sec-WebSocket-Version: 13" header'
    elif not key:
        problem = 'No "Sec-WebSocket-Key" header'
    if problem or key is None:
        raise MoonfireError("INVALID_ARGUMENT", f"WebSocket protocol error: {problem}")
    digest = hashlib.sha1((key + WEBSOCKET_GUID).encode()).digest()
    return base64.b64encode(digest).decode()


class WebSocket:
    """The server's side of RFC 6455 framing: a thread reads and answers pings and close."""

    def __init__(self, request: Exchange) -> None:
        self._in = request.rfile
        self._out = request.wfile
        self._connection: socket.socket = request.request
        self._write_lock = threading.Lock()
        self.closed = threading.Event()
        self._reader = threading.Thread(target=self._read, name="websocket", daemon=True)
        self._reader.start()

    def send(self, opcode: int, payload: bytes) -> None:
        """Send one unfragmented frame; a client that has gone closes the WebSocket."""
        length = len(payload)
        if length < 126:
            head = struct.pack(">BB", 0x80 | opcode, length)
        elif length < 1 << 16:
            head = struct.pack(">BBH", 0x80 | opcode, 126, length)
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 127, length)
        try:
            with self._write_lock:
                self._out.write(head + payload)
        except OSError:
            self.closed.set()

    def close(self) -> None:
        """Say goodbye, unless the client has, and wait a moment for its answer."""
        if not self.closed.is_set():
            self.send(8, struct.pack(">H", 1000))
        self._reader.join(timeout=2)
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        # Fewer bytes than asked for (the client has gone) end in an error of unpacking.
        with contextlib.suppress(OSError, struct.error, ValueError):
            while self._read_frame():
                pass
        self.closed.set()

    def _read_frame(self) -> bool:
        """Read one frame and react to it; return whether to go on."""
        first, second = self._in.read(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._in.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._in.read(8))
        if not second & 0x80 or length > MAX_BODY_BYTES:
            self.send(8, struct.pack(">H", 1002))
            return False
        mask = self._in.read(4)
        data = self._in.read(length)
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        opcode = first & 0x0F
        if opcode == 9:
            self.send(10, payload)
        elif opcode == 8:
            self.send(8, payload[:2])
            return False
        return True

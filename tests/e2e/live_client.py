"""A WebSocket client as a browser is one, to be run as a program in a client's namespace.

    live_client.py ADDRESS HOST PATH [HEADER …]

It prints the status line, then one line for each frame: opcode, length, and what it is a part of:
OPEN.RECORDING and START-END (Moonfire's ref/api.md). It ends when the server says good-bye, or when
it is ended.
"""

import re
import socket
import ssl
import struct
import sys
from typing import BinaryIO

SILENCE_SECONDS = 30
PART = re.compile(rb"X-Recording-Id: ([0-9.]+)\r\nX-Media-Time-Range: ([0-9-]+)")


def connect(address: str, host: str, path: str, headers: list[str]) -> BinaryIO:
    """Make the connection and send the handshake; any certificate will do."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    plain = socket.create_connection((address, 443), timeout=SILENCE_SECONDS)
    connection = context.wrap_socket(plain, server_hostname=host)
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Connection: keep-alive, Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: bnZyc3RhY2sgZTJlIHRlcw==",
        *headers,
    ]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection.makefile("rb")


def frame(stream: BinaryIO) -> tuple[int, bytes] | None:
    """Return the next frame, which a server never masks; None at the end."""
    head = stream.read(2)
    if len(head) < 2:
        return None
    length = head[1] & 0x7F
    if length == 126:
        (length,) = struct.unpack(">H", stream.read(2))
    elif length == 127:
        (length,) = struct.unpack(">Q", stream.read(8))
    return head[0] & 0x0F, stream.read(length)


def main() -> None:
    """Print what comes."""
    address, host, path, *headers = sys.argv[1:]
    stream = connect(address, host, path, headers)
    print(stream.readline().decode().strip(), flush=True)
    while line := stream.readline().strip():
        if line.lower().startswith(b"sec-websocket-accept:"):
            print(line.decode(), flush=True)
    while (found := frame(stream)) is not None:
        opcode, payload = found
        part = PART.search(payload[:800])
        told = b" ".join(part.groups()) if part else payload[:200]
        print(opcode, len(payload), told.decode(errors="replace"), flush=True)
    print("closed", flush=True)


if __name__ == "__main__":
    main()

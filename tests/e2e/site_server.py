"""Another web interface of the house, to be run as a program where it stands.

    site_server.py NAME ADDRESS PORT [CERTIFICATE KEY]

It answers each request with what it was sent, as JSON, and numbers the requests. At `/ws` it is
a WebSocket that counts. It needs no more than Python.
"""

import base64
import hashlib
import http.server
import json
import ssl
import sys
import time
from itertools import count

WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NUMBERS = count(1)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    timeout = 120
    name = ""

    def do_GET(self) -> None:
        if self.path == "/ws" and self.headers.get("Upgrade") == "websocket":
            self.count()
        else:
            self.tell(0)

    def do_POST(self) -> None:
        self.tell(len(self.rfile.read(int(self.headers["Content-Length"]))))

    def tell(self, length: int) -> None:
        """Answer with what came."""
        told = {
            "site": self.name,
            "number": next(NUMBERS),
            "path": self.path,
            "length": length,
            "server_name": getattr(self.connection, "asked_for", None),
            "headers": [[key.lower(), value] for key, value in self.headers.items()],
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def count(self) -> None:
        """Count five times a second, for a minute at most, as `live_client` prints it."""
        key = (self.headers["Sec-WebSocket-Key"] or "").encode()
        accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET).digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        for number in range(300):
            payload = f"1.0 {number}-{number + 1}".encode()
            self.wfile.write(bytes([0x82, len(payload)]) + payload)
            time.sleep(0.2)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
        """Say nothing: whoever asks is told everything."""


def remember(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: object) -> None:
    """Keep the name that a client asks for in TLS."""
    connection.asked_for = name  # type: ignore[union-attr]


def main() -> None:
    """Serve until ended."""
    name, address, port, *files = sys.argv[1:]
    Handler.name = name
    server = http.server.ThreadingHTTPServer((address, int(port)), Handler)
    if files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        context.sni_callback = remember
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    server.serve_forever()


if __name__ == "__main__":
    main()

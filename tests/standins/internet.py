#!/usr/bin/env python3
"""Stand-in for two servers on the Internet: an ACME directory, and "what is my address".

Standard library only. `/directory` answers as RFC 8555 section 7.1.1 says, with the CAA identities
that it was given, `/ip` with the client's address. The file `--ahead` has the seconds by which the
Date of its answers is ahead; it is read again for each.
"""

from __future__ import annotations

import argparse
import http.server
import json
import socketserver
import ssl
import threading
import time
from pathlib import Path


def handler(ahead: Path, identities: list[str]) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) + float(ahead.read_text()))

        def do_GET(self) -> None:
            answers = {
                "/ip": self.client_address[0],
                "/directory": json.dumps({"meta": {"caaIdentities": identities}}),
            }
            body = answers.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--ahead", type=Path, required=True)
    parser.add_argument("--identity", action="append", default=[])
    options = parser.parse_args()
    answers = handler(options.ahead, options.identity)
    # Python's HTTPServer would look its own name up first, where no name server may be in reach.
    plain = socketserver.ThreadingTCPServer((options.address, 80), answers)
    secure = socketserver.ThreadingTCPServer((options.address, 443), answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate, options.key)
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    secure.serve_forever()


if __name__ == "__main__":
    main()

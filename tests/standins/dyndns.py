#!/usr/bin/env python3
"""dyndns2 stand-in for nvrstack's tests: an update server and a "what is my address" service.

Standard library only. It keeps to the dyndns2 protocol as ddclient speaks it
(facts/testbed.md): `GET /nic/update?system=dyndns&hostname=H&myip=A` with Basic authentication,
answered with one line per host name in text/plain: `good A`, `nochg A`, `nohost`, `badauth`,
`abuse`, `911`. `GET /ip` tells the client's address, or the one in the state file.

The state file is read again for each request, so that a test may change the behaviour:

    {"accounts": {"user": "password"}, "hosts": ["nvr.example.test"],
     "answer": null | "badauth" | "abuse" | "nohost" | "911" | "garbage" | "timeout" | …,
     "address": "203.0.113.7" | null}

`answer` overrules everything: "garbage" is a page of HTML, "timeout" keeps silent, any other word
is sent as it is. The log has one JSON line per request, and never a password.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hmac
import http.server
import ipaddress
import json
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STANDIN_NAME = "dyndns2 stand-in for nvrstack's tests"
# ddclient waits two minutes by default; a silent server must be longer than any client.
SILENCE_SECONDS = 300.0
GARBAGE = "<html><body><h1>It works!</h1></body></html>\n"


@dataclass(frozen=True)
class State:
    """What the state file says at this moment."""

    accounts: dict[str, str] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)
    answer: str | None = None
    address: str | None = None


@dataclass
class Service:
    """What all requests share: where the state comes from, and the addresses given so far."""

    state_file: Path | None
    fixed: State
    log_file: Path | None
    challtestsrv: str | None
    current: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def state(self) -> State:
        """Read the state file again; without one, the command line's accounts and hosts hold."""
        if self.state_file is None:
            return self.fixed
        # A test may be about to write the file.
        for _ in range(20):
            try:
                loaded: dict[str, Any] = json.loads(self.state_file.read_text(encoding="utf-8"))
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.05)
            else:
                return State(**loaded)
        raise FileNotFoundError(f"no usable state in {self.state_file}")

    def note(self, entry: dict[str, Any]) -> None:
        """Append one request to the log."""
        line = json.dumps({"time": round(time.time(), 3), **entry}) + "\n"
        with self.lock:
            if self.log_file is None:
                sys.stdout.write(line)
                sys.stdout.flush()
            else:
                with self.log_file.open("a", encoding="utf-8") as file:
                    file.write(line)

    def update(self, host: str, address: str) -> str:
        """Give a host name an address; return `good`, or `nochg` when it had it already."""
        with self.lock:
            changed = self.current.get(host) != address
            self.current[host] = address
        if changed and self.challtestsrv is not None:
            publish(self.challtestsrv, host, address)
        return f"{'good' if changed else 'nochg'} {address}"


def publish(url: str, host: str, address: str) -> None:
    """Tell pebble-challtestsrv, so that the host name resolves for the certificate authority."""
    version = ipaddress.ip_address(address).version
    record = "a" if version == 4 else "aaaa"
    bodies: dict[str, dict[str, Any]] = {
        f"/set-default-ipv{version}": {"ip": address},
        # Records are added to those that exist, so the old one goes first.
        f"/clear-{record}": {"host": f"{host}."},
        f"/add-{record}": {"host": f"{host}.", "addresses": [address]},
    }
    for path, body in bodies.items():
        request = urllib.request.Request(url.rstrip("/") + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as answer:
            answer.read()


class Server(http.server.ThreadingHTTPServer):
    """The listening socket, with a thread per connection."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], service: Service) -> None:
        self.service = service
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, RequestHandler)


class RequestHandler(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server
    protocol_version = "HTTP/1.1"

    def version_string(self) -> str:
        """Name the stand-in in the Server header."""
        return "dyndns2-standin"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing here: the service notes each request in its own log."""

    def do_GET(self) -> None:
        """Serve `/nic/update` and `/ip`; anything else is 404."""
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        state = self.server.service.state()
        entry: dict[str, Any] = {
            "client": str(self.client_address[0]),
            "path": parts.path,
            "query": query,
        }
        if parts.path == "/ip":
            text = state.address or str(self.client_address[0])
            self.finish_with(200, text + "\n", {**entry, "answer": text})
        elif parts.path == "/nic/update":
            self.serve_update(state, query, entry)
        else:
            self.finish_with(404, "not found\n", {**entry, "answer": None})

    def serve_update(self, state: State, query: dict[str, str], entry: dict[str, Any]) -> None:
        """Check who asks and for which hosts, and answer one line for each."""
        user, authorized = self.authorization(state)
        entry.update(user=user, authorized=authorized, agent=self.headers.get("User-Agent"))
        if state.answer == "timeout":
            self.server.service.note({**entry, "answer": "timeout"})
            self.close_connection = True
            time.sleep(SILENCE_SECONDS)
            return
        if state.answer is not None:
            text = GARBAGE if state.answer == "garbage" else state.answer + "\n"
            code = 401 if state.answer == "badauth" else 200
            code = int(state.answer) if state.answer == "503" else code
            self.finish_with(code, text, {**entry, "answer": state.answer})
            return
        if not authorized:
            self.finish_with(401, "badauth\n", {**entry, "answer": "badauth"})
            return
        hosts = [host for host in query.get("hostname", "").split(",") if host]
        lines = [self.update(state, host, query.get("myip")) for host in hosts] or ["notfqdn"]
        self.finish_with(200, "\n".join(lines) + "\n", {**entry, "answer": "\n".join(lines)})

    def update(self, state: State, host: str, wanted: str | None) -> str:
        """Return the answer for one host: its own address is taken when none was sent."""
        if host not in state.hosts:
            return "nohost"
        try:
            given = (wanted or str(self.client_address[0])).split(",")
            addresses = [str(ipaddress.ip_address(address)) for address in given]
        except ValueError:
            # The protocol has no word for a bad address; providers answer so.
            return "dnserr"
        try:
            answers = [self.server.service.update(host, address) for address in addresses]
        except (urllib.error.URLError, OSError) as err:
            sys.stderr.write(f"{STANDIN_NAME}: challtestsrv: {err}\n")
            return "dnserr"
        return answers[0]

    def authorization(self, state: State) -> tuple[str | None, bool]:
        """Return the user name of the Basic authentication, and whether it is right."""
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None, False
        try:
            text = base64.b64decode(encoded, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return None, False
        user, _, password = text.partition(":")
        expected = state.accounts.get(user)
        right = expected is not None and hmac.compare_digest(expected.encode(), password.encode())
        return user, right

    def finish_with(self, code: int, text: str, entry: dict[str, Any]) -> None:
        """Note the request, then answer it: who has the answer finds the line in the log."""
        self.server.service.note({**entry, "status": code})
        body = text.encode()
        self.send_response(code)
        kind = "text/html" if text == GARBAGE else "text/plain"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if code == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="dyndns2 stand-in"')
        self.end_headers()
        self.wfile.write(body)


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line and serve until the process is killed."""
    parser = argparse.ArgumentParser(description=f"{STANDIN_NAME}. It is no real provider.")
    parser.add_argument("--bind", default="0.0.0.0", help="address to listen on")
    parser.add_argument("--port", type=int, default=8245, help="port to listen on")
    parser.add_argument("--state", type=Path, metavar="FILE", help="state file (JSON)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="request log (default: stdout)")
    parser.add_argument("--account", action="append", default=[], metavar="USER:PASSWORD")
    parser.add_argument("--host", action="append", default=[], metavar="NAME")
    parser.add_argument("--address", help="what /ip answers (default: the client's address)")
    parser.add_argument("--certificate", metavar="FILE", help="speak https: chain and key in PEM")
    parser.add_argument("--challtestsrv", metavar="URL", help="management of challtestsrv")
    arguments = parser.parse_args(argv)
    accounts = dict(account.split(":", 1) for account in arguments.account)
    fixed = State(accounts, arguments.host, None, arguments.address)
    service = Service(arguments.state, fixed, arguments.log, arguments.challtestsrv)
    # Process 1 of a container ignores SIGTERM unless it asks for it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = Server((arguments.bind, arguments.port), service)
    if arguments.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    sys.stderr.write(f"{STANDIN_NAME}: listening on {arguments.bind}:{arguments.port}\n")
    sys.stderr.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()

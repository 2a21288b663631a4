"""An engine's API that makes nothing and keeps what it is asked to create."""

import json
import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from tempfile import mkdtemp
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.bed import client, compose
from tests.bed.process import Done, Word, run

API = "1.45"
ID = "5" * 64
PROJECT = "nvrstack"
"""What the names of a project's own networks and volumes begin with: it makes them itself."""
ITSELF = {"ApiVersion": API, "Version": "26.1.5", "OSType": "linux", "Os": "linux"}
MADE = {"Id": ID, "Name": "/x", "Config": {}, "HostConfig": {}, "State": {},
        "NetworkSettings": {"Networks": {}}}  # fmt: skip
NOTHING = {"message": "no such thing"}


@dataclass(frozen=True)
class Created:
    """One container that was asked for: its name, empty if none was given, and the request."""

    name: str
    body: dict[str, Any]


@dataclass
class Recorder:
    """Where the API listens, and what it was asked to create."""

    folder: Path
    containers: list[Created] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to find this engine, and nothing else."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "DOCKER_HOST": f"unix://{self.folder / 'socket'}",
            "DOCKER_CONFIG": str(compose.config_dir()),
        }

    def docker(self, words: Sequence[str]) -> tuple[Done, Created | None]:
        """Let the real client work; what it asked the engine to create, None if nothing."""
        command: list[Word] = [client.program(), *words]
        self.containers.clear()
        done = run(command, env=self.environment, cwd=self.folder, timeout=20, check=False)
        return done, self.containers[-1] if self.containers else None

    def compose(self, directory: Path, service: str) -> Created:
        """Let the real Compose create one service of a project."""
        command: list[Word] = [compose.plugin(), "--project-directory", directory]
        command += ["create", "--pull", "never", "--no-build", service]
        self.containers.clear()
        done = run(command, env=self.environment, cwd=directory, timeout=30, check=False)
        assert self.containers, done.stderr
        return self.containers[-1]


@contextmanager
def recorder() -> Iterator[Recorder]:
    """An engine of this kind on a socket of its own."""
    folder = Path(mkdtemp(prefix="nvrstack-api-"))
    found = Recorder(folder)
    server = _Server(str(folder / "socket"), _handler(found))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        shutil.rmtree(folder)


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


def _handler(found: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(200, {})

        def do_GET(self) -> None:
            self._answer(*_told(self._path()))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
            if self._path() == "/containers/create":
                query = parse_qs(urlsplit(self.path).query)
                found.containers.append(Created(query.get("name", [""])[0], body))
            name = {"Name": body["Name"]} if "Name" in body else {}
            self._answer(201, {"Id": ID, "Warnings": [], **name})

        def _path(self) -> str:
            return re.sub(r"^/v\d+\.\d+", "", unquote(urlsplit(self.path).path))

        def _answer(self, code: int, answer: Any) -> None:
            # A client that refuses its own words does not wait for the answer.
            with suppress(BrokenPipeError, ConnectionResetError):
                self._write(code, answer)

        def _write(self, code: int, answer: Any) -> None:
            data = b"" if self.command == "HEAD" else json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Api-Version", API)
            self.send_header("Ostype", "linux")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def address_string(self) -> str:
            return "client"

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _told(path: str) -> tuple[int, Any]:
    """What the engine says of itself and of what it has: what the project does not make itself."""
    name = path.rpartition("/")[2]
    if path.startswith(("/networks/", "/volumes/")) and not name.startswith(PROJECT):
        return 200, {"Name": name, "Id": name, "Driver": "local", "Labels": {}}
    if re.fullmatch(r"/images/.+/json", path):
        return 200, {"Id": f"sha256:{ID}", "Config": {}, "Os": "linux", "Architecture": "amd64"}
    if re.fullmatch(r"/containers/[^/]+/json", path):
        return 200, MADE
    if path in {"/containers/json", "/networks", "/images/json"}:
        return 200, []
    return (200, ITSELF) if path in {"/_ping", "/info", "/version"} else (404, NOTHING)

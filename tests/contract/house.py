"""A whole house without an engine: nginx and Moonfire's stand-in as their containers run them.

Every address is on the loopback of one network namespace: that of the host, and those that nginx
and Moonfire have on the backend network.
"""

import ctypes
import http.server
import json
import os
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from nvrstack.pki.certificates import Pair
from nvrstack.rendering.settings_file import settings_text
from nvrstack.services.passwords import PERMISSIONS, password_hash, permission_bytes
from tests.bed.camera import RtspCamera
from tests.bed.process import run, wait_for
from tests.bed.standin import write_program
from tests.contract.chain import Signer, issue, signer
from tests.contract.container import Container
from tests.contract.door import Door, door
from tests.contract.rendered import Project
from tests.contract.space import NETNS
from tests.moonfire.past import Past, add_past
from tests.moonfire.rows import Camera, add_camera, add_directory, opened
from tests.unit.commands import Outcome, nvrstack

DOMAIN = "nvr.example.com"
ADDRESS = "198.51.100.7"
ELSEWHERE = "198.51.100.99"
"""An address that is not this machine's."""
SERVICE_PORT = 8000
USER, PASSWORD = "admin", "correct horse 5tapl3"
CAMERA = uuid.UUID("6b1d2f3e-0000-4000-8000-00000000beef")
CAMERA_ADDRESS = "127.0.0.1"
CLONE_NEWNET = 0x40000000
READY = "Ready to serve"
PACE = {"seconds_between_looks": "0.2", "looks_before_retry": "10"}
PROGRAM = "/usr/local/bin/moonfire-nvr"
SETTINGS = {
    "site": {"domain": DOMAIN},
    "access": {"login_rate": 6000},
    "ddns": {"address_services": [f"http://{ADDRESS}:{SERVICE_PORT}/ip"]},
}


@contextmanager
def entered(netns: str) -> Iterator[None]:
    """Be in a network namespace, with this thread and those that it starts (setns(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as home, (NETNS / netns).open() as there:
        assert libc.setns(there.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert libc.setns(home.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


@dataclass
class Service:
    """What tells a client its address on the Internet."""

    text: str = ADDRESS

    @contextmanager
    def open(self) -> Iterator[None]:
        """Answer for as long as the block lasts."""
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(service.text.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        server = http.server.ThreadingHTTPServer((ADDRESS, SERVICE_PORT), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()


@dataclass
class House:
    """A project on disk with its two services, and the authority whose certificate they show."""

    door: Door
    moonfire: Container
    camera: RtspCamera
    folder: Path
    root: Signer = field(default_factory=lambda: signer("Root of the tests"))
    service: Service = field(default_factory=Service)
    _starts: int = 0
    _running: ExitStack = field(default_factory=ExitStack)
    _moonfire: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.intermediate = signer("Intermediate of the tests", self.root)

    @property
    def project(self) -> Project:
        """What is on disk."""
        return self.door.project

    @property
    def netns(self) -> str:
        """Where everything runs."""
        return self.door.container.netns

    # ---- what runs

    def start(self) -> None:
        """Start both services."""
        self.start_moonfire()
        self.start_nginx()

    def start_nginx(self) -> None:
        """Start nginx, which is not running."""
        self._running.enter_context(self.door.open())

    def stop_nginx(self) -> None:
        """End it."""
        self._running.close()

    def start_moonfire(self) -> None:
        """Start Moonfire, which is not running."""
        self._starts += 1
        running = self._moonfire.enter_context(self.moonfire.started(self.folder / "moonfire.log"))
        assert running.says(READY, times=self._starts), running.text()

    def stop_moonfire(self) -> None:
        """End it."""
        self._moonfire.close()

    def stop(self) -> None:
        """End both."""
        self.stop_nginx()
        self.stop_moonfire()

    # ---- what is changed

    @contextmanager
    def kept(self, *paths: str) -> Iterator[None]:
        """Let files of the project be as they were once the block ends."""
        before = {path: self.text(path) for path in paths}
        try:
            yield
        finally:
            for path, text in before.items():
                self.put(path, text.encode())

    def change(self, path: str, old: str, new: str) -> None:
        """Let a file of the project say something else, and nginx or Moonfire know it."""
        before = self.text(path)
        assert old in before, f"{path} has no {old}"
        self.put(path, before.replace(old, new).encode())

    def text(self, path: str) -> str:
        """What a file of the project says."""
        return (self.project.directory / path).read_text()

    def put(self, path: str, content: bytes) -> None:
        """Write a file of the project, and wait until its reader has taken it up."""
        if content == (self.project.directory / path).read_bytes():
            return
        if path.startswith("moonfire/"):
            self.stop_moonfire()
            self._write(path, content)
            self.start_moonfire()
            return
        with self._new_workers():
            self._write(path, content)

    def show(self, pair: Pair) -> None:
        """Let nginx show another certificate."""
        with self._new_workers():
            self._write("tls/own/privkey.pem", pair.key, 0o600)
            self._write("tls/own/fullchain.pem", pair.certificate)
            assert self.door.serves(pair.certificate, seconds=60)

    def good(self) -> Pair:
        """Return a certificate that is right."""
        return issue(self.intermediate, DOMAIN)

    @contextmanager
    def _new_workers(self) -> Iterator[None]:
        """Wait after a change until no worker takes requests that knows the old files."""
        before = self._workers()
        yield
        fresh = lambda: bool(now := self._workers()) and not now & before  # noqa: E731
        assert wait_for(fresh, seconds=60), self.door.log.read_text()

    def _workers(self) -> set[int]:
        """Return the workers of nginx that still take requests."""
        shown = run(["ps", "-o", "pid=,args=", "--ppid", str(self.door.pid)], check=False).stdout
        lines = [line.strip() for line in shown.splitlines()]
        return {int(line.split()[0]) for line in lines if line.endswith("worker process")}

    def _write(self, path: str, content: bytes, mode: int = 0o644) -> None:
        file = self.project.directory / path
        fresh = file.with_name(f".{file.name}")
        fresh.write_bytes(content)
        fresh.chmod(mode)
        os.chown(fresh, *self.project.owner)
        fresh.replace(file)

    # ---- what is seen

    def nvrstack(self, *words: str, stdin: str = "") -> Outcome:
        """Run nvrstack in this network, on this project."""
        with entered(self.netns):
            return nvrstack("--project", self.project.directory, *words, stdin=stdin)

    def verify(
        self, *words: str, password: str = PASSWORD, resolve: str = ADDRESS
    ) -> "Mapping[str, dict[str, str]]":
        """Run `nvrstack verify` with a login, and return its verdicts by what they are about."""
        login = ["--login", USER, "--password-stdin"]
        told = self.nvrstack(
            "verify", "--json", "--resolve", resolve, *login, *words, stdin=f"{password}\n"
        )
        assert told.stdout, told.stderr
        assert PASSWORD not in told.stdout
        verdicts = {v["about"]: v for v in json.loads(told.stdout)["verdicts"]}
        problems = any(v["level"] == "problem" for v in verdicts.values())
        assert told.code == (1 if problems else 0)
        return verdicts


@contextmanager
def house(folder: Path, netns: str) -> Iterator[House]:
    """Build a house whose stack has a certificate of its own, and let everything run."""
    words = ["chain_file", "key_file"]
    certificate = {"certificate": {word: f"own-{word}.pem" for word in words}}
    made = door(folder, netns, PACE, SETTINGS, certificate, stack="own-certificate")
    project = made.project
    (project.directory / "nvrstack.toml").write_text(settings_text(project.settings))
    service = yaml.safe_load(project.text("compose.yaml"))["services"]["moonfire-nvr"]
    backend = yaml.safe_load(project.text("compose.yaml"))["services"]["nginx"]["networks"]
    for address in (
        ADDRESS,
        backend["backend"]["ipv4_address"],
        service["networks"]["backend"]["ipv4_address"],
    ):
        run(["ip", "-n", netns, "address", "add", f"{address}/32", "dev", "lo"])
    camera = RtspCamera(CAMERA_ADDRESS, netns)
    found = House(made, _moonfire(project, service, netns, folder), camera, folder)
    _prepare(found)
    pair = found.good()
    found._write("tls/own/privkey.pem", pair.key, 0o600)
    found._write("tls/own/fullchain.pem", pair.certificate)
    with ExitStack() as stack:
        stack.callback(camera.stop)
        camera.start()
        stack.callback(found.stop)
        with entered(netns):
            stack.enter_context(found.service.open())
        found.start()
        yield found


def _moonfire(
    project: Project, service: "Mapping[str, object]", netns: str, folder: Path
) -> Container:
    """Moonfire's container, whose image has nothing but the program."""
    program = folder / "moonfire-nvr"
    write_program(program)
    volumes = service["volumes"]
    assert isinstance(volumes, list)
    mounts = {v["target"]: project.directory / v["source"] for v in volumes}
    uid, gid = str(service["user"]).split(":")
    command = service["command"]
    environment = service["environment"]
    assert isinstance(command, list)
    assert isinstance(environment, dict)
    return Container(
        netns, {**mounts, PROGRAM: program}, environment, (uid, gid), [PROGRAM, *command]
    )


def _prepare(found: House) -> None:
    """A database with one user and one camera, of which something was recorded before."""
    state = found.project.directory / "data/moonfire"
    os.chown(state, *map(int, found.moonfire.user))
    done = found.moonfire.run([PROGRAM, "init"])
    assert done.returncode == 0, done.stderr
    samples = state / "sample"
    samples.mkdir(mode=0o700)
    with opened(state / "db/db") as database:
        user = (USER, password_hash(PASSWORD), permission_bytes(frozenset(PERMISSIONS)))
        database.execute(
            "insert into user (username, password_hash, permissions) values (?, ?, ?)", user
        )
        directory = add_directory(database, "/var/lib/moonfire-nvr/sample")
        door = Camera("door", {"sub": found.camera.urls["sub"]}, identity=CAMERA)
        add_camera(database, door, directory)
        add_past(database, 1, samples, [Past(int(time.time()) - 3600, 60, 1000)])
    for left in (samples, *samples.iterdir(), *(state / "db").iterdir()):
        os.chown(left, *map(int, found.moonfire.user))

"""What certbot's keeper looks at before it lets certbot ask the authority."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.keeper import reachability

NAME = "nvr.example.com"
Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[int]:
    """An http server on this machine that answers everything so; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def said(code: int, content: bytes, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


def from_folder(folder: Path, asked: list[tuple[str, str]]) -> Answer:
    """What nginx does with the webroot."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append((request.headers["Host"], request.path))
        file = folder / request.path.removeprefix("/")
        said(200, file.read_bytes())(request) if file.is_file() else said(404, b"no")(request)

    return answer


@pytest.fixture
def leads_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, int]], None]:
    """Let names lead to ports of this machine in place of their port 80; others are unknown."""
    real = socket.getaddrinfo

    def set_names(ports: dict[str, int]) -> None:
        def lookup(host: str, port: Any, *args: Any, **kwargs: Any) -> Any:
            if host == "127.0.0.1":
                return real(host, port, *args, **kwargs)
            if host not in ports:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            assert port == 80
            return real("127.0.0.1", ports[host], type=socket.SOCK_STREAM)

        monkeypatch.setattr(socket, "getaddrinfo", lookup)

    return set_names


def tokens(webroot: Path) -> list[Path]:
    return [path for path in webroot.rglob("*") if path.is_file()]


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_nothing_is_in_the_way_when_each_name_brings_the_answer(
    tmp_path: Path, leads_to: Callable[[dict[str, int]], None]
) -> None:
    asked: list[tuple[str, str]] = []
    with serving(from_folder(tmp_path, asked)) as port:
        leads_to({NAME: port, "b.example.com": port})
        assert reachability.challenge_obstacle((NAME, "b.example.com"), tmp_path) is None
    assert [host for host, _ in asked] == [NAME, "b.example.com"]
    assert all(path.startswith("/.well-known/acme-challenge/") for _, path in asked)
    assert tokens(tmp_path) == []


def test_each_look_has_a_token_and_an_answer_of_its_own(
    tmp_path: Path, leads_to: Callable[[dict[str, int]], None]
) -> None:
    asked: list[tuple[str, str]] = []
    with serving(from_folder(tmp_path, asked)) as port:
        leads_to({NAME: port})
        for _ in range(3):
            reachability.challenge_obstacle((NAME,), tmp_path)
    assert len(set(asked)) == 3


def test_a_proxy_of_the_owners_is_not_asked(
    tmp_path: Path, leads_to: Callable[[dict[str, int]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    with serving(from_folder(tmp_path, [])) as port:
        leads_to({NAME: port})
        assert reachability.challenge_obstacle((NAME,), tmp_path) is None


def endless(request: BaseHTTPRequestHandler) -> None:
    """What a camera does that streams from port 80."""
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(b"x" * 65536)
    except OSError:
        return


@pytest.mark.parametrize(
    "answer",
    [said(200, b"welcome"), said(200, b""), said(404, b"no"), said(500, b"\xff\xfe"), endless],
    ids=["page", "nothing", "not found", "error", "endless"],
)
def test_another_answer_is_a_doubt(
    answer: Answer, tmp_path: Path, leads_to: Callable[[dict[str, int]], None]
) -> None:
    with serving(answer) as port:
        leads_to({NAME: port})
        obstacle = reachability.challenge_obstacle((NAME,), tmp_path)
    assert obstacle is not None
    assert (obstacle.result, obstacle.certain) == ("not yet reachable", False)
    assert obstacle.reason.startswith(f"something else answers at port 80 of {NAME}: ")
    assert tokens(tmp_path) == []


def test_a_closed_port_is_a_doubt(
    tmp_path: Path, leads_to: Callable[[dict[str, int]], None]
) -> None:
    leads_to({NAME: closed_port()})
    obstacle = reachability.challenge_obstacle((NAME,), tmp_path)
    assert obstacle is not None
    assert (obstacle.result, obstacle.certain) == ("not yet reachable", False)
    assert obstacle.reason.startswith(f"port 80 of {NAME} does not answer from here: ")
    assert tokens(tmp_path) == []


def test_a_name_without_address_is_certain_and_told_before_any_doubt(
    tmp_path: Path, leads_to: Callable[[dict[str, int]], None]
) -> None:
    leads_to({"b.example.com": closed_port()})
    obstacle = reachability.challenge_obstacle(("b.example.com", NAME), tmp_path)
    assert obstacle is not None
    assert (obstacle.result, obstacle.certain) == ("not yet reachable", True)
    assert obstacle.reason == f"the name servers know no address of {NAME}"
    assert tokens(tmp_path) == []


def test_name_servers_that_do_not_answer_are_a_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lookup(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    obstacle = reachability.challenge_obstacle((NAME,), tmp_path)
    assert obstacle is not None
    assert not obstacle.certain
    assert obstacle.reason == (
        f"the name servers do not answer for {NAME} (Temporary failure in name resolution)"
    )


def test_the_token_is_removed_even_when_the_look_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def lookup(*_: Any, **__: Any) -> Any:
        seen.extend(tokens(tmp_path))
        raise KeyboardInterrupt

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(KeyboardInterrupt):
        reachability.challenge_obstacle((NAME,), tmp_path)
    assert len(seen) == 1
    assert tokens(tmp_path) == []


@pytest.mark.parametrize(("code", "reachable"), [(200, True), (404, False), (503, False)])
def test_the_authority_is_reachable_when_its_directory_is(code: int, reachable: bool) -> None:
    with serving(said(code, b"{}")) as port:
        obstacle = reachability.authority_obstacle(f"http://127.0.0.1:{port}/directory")
    if reachable:
        assert obstacle is None
    else:
        assert obstacle is not None
        assert (obstacle.result, obstacle.certain) == ("authority unreachable", True)
        assert str(code) in obstacle.reason


def test_an_authority_that_is_not_there_is_told_of_in_one_short_line() -> None:
    obstacle = reachability.authority_obstacle(f"http://127.0.0.1:{closed_port()}/{'x' * 500}")
    assert obstacle is not None
    assert (obstacle.result, obstacle.certain) == ("authority unreachable", True)
    assert 0 < len(obstacle.reason) <= 300
    assert "\n" not in obstacle.reason

"""Asking a server that ends connections without an answer, as nginx may when it reloads."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nvrstack.host.visit.http import Client
from nvrstack.visit import Answer, Failure, Kind


@contextmanager
def closing(first: int) -> Iterator[tuple[str, list[bool]]]:
    """A server that closes its `first` connections unanswered; its URL, and what it did."""
    answered: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def serve() -> None:
            while len(answered) < 2:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    answered.append(len(answered) >= first)
                    if answered[-1]:
                        connection.recv(4096)
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/", answered
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_was_closed_is_tried_once_more(method: str) -> None:
    with closing(1) as (url, answered):
        seen = Client("127.0.0.1", 2).ask(url, method=method, json={"a": 1})
    assert isinstance(seen, Answer)
    assert (seen.status, seen.text, answered) == (200, "hi", [False, True])


def test_a_server_that_always_closes_is_told() -> None:
    with closing(9) as (url, answered):
        seen = Client("127.0.0.1", 2).ask(url)
    assert isinstance(seen, Failure)
    assert (seen.kind, answered) == (Kind.CLOSED, [False, False])

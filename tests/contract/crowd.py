"""Many connections that each send the same bytes and then do nothing, run as a program.

    crowd.py ADDRESS PORT NUMBER SECONDS [NAME] <BYTES

With a NAME they speak TLS. It prints how many connections were made, and lets go of them after
SECONDS, or when it is ended. Whatever the server closes meanwhile stays closed, and whatever it
answers is not read.
"""

import contextlib
import resource
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

HALF = b"GET / HTTP/1.1\r\nHost: nvr.example.com\r\nX-Half: aaaaaaaa"


@contextlib.contextmanager
def crowd(
    enter: Sequence[str], address: str, port: int, number: int, sent: bytes, name: str | None = None
) -> Iterator[int]:
    """Hold so many connections while the block lasts; `enter` leads into their namespace."""
    words = [sys.executable, __file__, address, str(port), str(number), "60"]
    command = [*enter, *words, *([name] if name else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(sent)
            process.stdin.close()
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def main() -> None:
    """Connect, send, and hold."""
    address, port, number, seconds = sys.argv[1], *map(int, sys.argv[2:5])
    name = sys.argv[5] if len(sys.argv) > 5 else None
    sent = sys.stdin.buffer.read()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    held: list[socket.socket] = []
    for _ in range(number):
        with contextlib.suppress(OSError):
            connection = socket.create_connection((address, port), timeout=5)
            if name is not None:
                connection = context.wrap_socket(connection, server_hostname=name)
            connection.sendall(sent)
            held.append(connection)
    print(len(held), flush=True)
    time.sleep(seconds)


if __name__ == "__main__":
    main()

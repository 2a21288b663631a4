"""Many connections that each send half a request, to be run as a program in a namespace.

    crowd.py ADDRESS PORT NUMBER HEADER_BYTES SECONDS [NAME]

With a NAME they speak TLS. It prints how many connections were made, and lets go of them after
SECONDS, or when it is ended. Whatever the server closes meanwhile stays closed.
"""

import contextlib
import resource
import socket
import ssl
import sys
import time


def main() -> None:
    """Connect, send half, and hold."""
    address, port, number, size, seconds = sys.argv[1], *map(int, sys.argv[2:6])
    name = sys.argv[6] if len(sys.argv) > 6 else None
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    head = f"GET / HTTP/1.1\r\nHost: {name or 'nvr.example.com'}\r\nX-Half: "
    half = head.encode() + b"a" * size
    held: list[socket.socket] = []
    for _ in range(number):
        with contextlib.suppress(OSError):
            connection = socket.create_connection((address, port), timeout=2)
            if name is not None:
                connection = context.wrap_socket(connection, server_hostname=name)
            connection.sendall(half)
            held.append(connection)
    print(len(held), flush=True)
    time.sleep(seconds)


if __name__ == "__main__":
    main()

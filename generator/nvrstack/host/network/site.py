"""Asks a site of this host by https, whoever signed its certificate."""

import http.client
import socket
from dataclasses import dataclass

from nvrstack.host.network.tls import anything

SECONDS = 5


@dataclass(frozen=True)
class Answer:
    """What https gave: a status, the beginning of a body, and the certificate in DER form."""

    status: int
    body: bytes
    certificate: bytes


def ask(domain: str, address: str, port: int, path: str) -> Answer | str:
    """Ask the site `domain` at an address for a page; the reason if there is no answer."""
    try:
        with (
            socket.create_connection((address, port), SECONDS) as plain,
            # A placeholder is right where no certificate came along.
            anything().wrap_socket(plain, server_hostname=domain) as secure,
        ):
            connection = http.client.HTTPConnection(domain, timeout=SECONDS)
            connection.sock = secure
            connection.request("GET", path)
            answer = connection.getresponse()
            certificate = secure.getpeercert(binary_form=True) or b""
            return Answer(answer.status, answer.read(65536), certificate)
    except (OSError, http.client.HTTPException) as error:
        return f"https://{domain} does not answer on this host: {error}"

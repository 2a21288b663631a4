"""The live view: a WebSocket (RFC 6455), asked for as a browser does."""

import socket
import ssl

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from nvrstack.host.visit.failures import failure_of
from nvrstack.host.visit.http import CONNECT_SECONDS
from nvrstack.visit import Failure, Kind, Live, Place

NOBODY = "00000000-0000-4000-8000-000000000000/sub"
"""A camera that there is not: Moonfire 0.7.6 and newer open the socket and say so in it."""


def watch(
    place: Place, address: str, stream: str, *, tls: ssl.SSLContext, cookie: str, seconds: float
) -> Live | Failure:
    """Open a stream, `UUID/main` or `UUID/sub`, and wait for its first frame.

    With an empty `cookie`, as somebody who did not sign in. `tls` is for this alone: a client of
    HTTP/2 would have put its own protocol into it.
    """
    uri = f"wss://{place.authority}/api/cameras/{stream}/live.m4s"
    try:
        limit = min(seconds, CONNECT_SECONDS)
        plain = socket.create_connection((address, place.https_port), timeout=limit)
    except OSError as error:
        return failure_of(error)
    try:
        with (
            plain,
            connect(
                uri,
                sock=plain,
                ssl=tls,
                server_hostname=place.host,
                origin=Origin(place.origin),
                additional_headers={"Cookie": cookie} if cookie else None,
                compression=None,
                proxy=None,
                open_timeout=seconds,
                close_timeout=1,
                max_size=64 << 20,
            ) as opened,
        ):
            try:
                return Live(101, opened.recv(timeout=seconds))
            except (TimeoutError, ConnectionClosed):
                return Live(101)
    except InvalidStatus as error:
        return Live(error.response.status_code)
    except WebSocketException as error:
        return Failure(Kind.OTHER, str(error))
    except (OSError, EOFError) as error:
        return failure_of(error)

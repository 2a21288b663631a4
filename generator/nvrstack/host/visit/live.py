"""The live view: a WebSocket (RFC 6455), asked for as a browser does."""

import asyncio
import socket
import ssl

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
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
    try:
        limit = min(seconds, CONNECT_SECONDS)
        plain = socket.create_connection((address, place.https_port), timeout=limit)
    except OSError as error:
        return failure_of(error)
    with plain:
        plain.settimeout(0)
        try:
            return asyncio.run(_first_frame(place, plain, stream, tls, cookie, seconds))
        except InvalidStatus as error:
            return Live(error.response.status_code)
        except (WebSocketException, OSError, EOFError) as error:
            return failure_of(error)
        except ValueError as error:
            # A redirect, which would want another connection.
            return Failure(Kind.OTHER, str(error))


async def _first_frame(
    place: Place,
    plain: socket.socket,
    stream: str,
    tls: ssl.SSLContext,
    cookie: str,
    seconds: float,
) -> Live:
    # The library's client with threads would read and write the same TLS object at once, which
    # OpenSSL does not allow and Python before 3.13 does not prevent: it hangs now and then.
    async with connect(
        f"wss://{place.authority}/api/cameras/{stream}/live.m4s",
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
    ) as opened:
        try:
            return Live(101, await asyncio.wait_for(opened.recv(), seconds))
        except (TimeoutError, ConnectionClosed):
            return Live(101)

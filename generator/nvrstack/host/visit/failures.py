"""Why a connection failed, in words."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping

from nvrstack.visit import Failure, Kind

UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}
SILENT = Failure(Kind.SILENT, "there was no answer in time")
CLOSED = Failure(Kind.CLOSED, "the connection was closed")
REFUSED = Failure(Kind.REFUSED, "the connection was refused")
FAILURES: Mapping[type[Exception], Failure] = {
    ssl.SSLEOFError: CLOSED,
    ssl.SSLZeroReturnError: CLOSED,
    TimeoutError: SILENT,
    ConnectionRefusedError: REFUSED,
    ConnectionError: CLOSED,
    EOFError: CLOSED,
}
"""What each exception stands for; the first that fits."""


def failure_of(error: BaseException) -> Failure:
    """The failure that an exception of a socket, of TLS or of a client's library stands for."""
    for cause in _causes(error):
        for kind, failure in FAILURES.items():
            if isinstance(cause, kind):
                return failure
        if isinstance(cause, socket.gaierror):
            return Failure(Kind.NO_NAME, (cause.strerror or str(cause)).lower())
        if isinstance(cause, ssl.SSLError):
            return tls_failure(cause.reason or str(cause))
        if isinstance(cause, OSError) and cause.errno in UNREACHABLE:
            return Failure(Kind.SILENT, (cause.strerror or str(cause)).lower())
    return Failure(Kind.OTHER, str(error) or type(error).__name__)


def tls_failure(reason: str) -> Failure:
    """A failed handshake, from OpenSSL's reason."""
    words = re.sub(r"\s+", " ", reason.replace("_", " ")).strip().lower()
    return Failure(Kind.TLS, f"the TLS handshake failed ({words})")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and what it was raised from; no more than ten."""
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__

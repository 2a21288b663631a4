"""What servers on the Internet tell: the time, this home's address, an authority's names."""

import json
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ipaddress import IPv4Address
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from nvrstack.host.background import begin, by
from nvrstack.host.visit.http import told_address

SECONDS = 5.0
MOST = 65536
"""Bytes of an answer that are read."""


@dataclass(frozen=True)
class Authority:
    """An ACME server's directory: by how many seconds this clock is ahead, and its names in CAA.

    `source` is the server's host name, empty when none was asked.
    """

    source: str = ""
    ahead: float | None = None
    identities: frozenset[str] = frozenset()
    trouble: str = ""


def ask_authority(url: str, root: Path | None) -> Authority:
    """What an ACME directory (RFC 8555 section 7.1.1) tells; `root` is its own root certificate.

    With a clock that is years off no certificate holds. Then the answer counts for its date alone.
    An empty `url` asks nobody.
    """
    source = source_of(url)
    if not source:
        return Authority()
    try:
        trust = ssl.create_default_context(cafile=root)
    except (OSError, ssl.SSLError):
        trust = ssl.create_default_context()
    try:
        ahead, identities = _directory(url, trust)
    except ssl.SSLCertVerificationError as error:
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        ahead = None
        with suppress(OSError, HTTPException, ValueError):
            ahead, _ = _directory(url, trust)
        return Authority(source, ahead, trouble=error.verify_message)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Authority(source, trouble=str(getattr(reason, "strerror", None) or reason))
    return Authority(source, ahead, identities)


def source_of(url: str) -> str:
    """The host name in a URL."""
    return urlsplit(url).hostname or ""


def outside_address(services: Sequence[str], deadline: float) -> IPv4Address | None:
    """The address from which this home's requests come, as the first service to tell says it."""
    answers = [begin(told_address, service, SECONDS) for service in services]
    found = (by(deadline, answer, None) for answer in answers)
    return next((address for address in found if address is not None), None)


def _directory(url: str, trust: ssl.SSLContext) -> tuple[float | None, frozenset[str]]:
    before = time.time()
    try:
        with urlopen(_request(url), timeout=SECONDS, context=trust) as response:  # noqa: S310 - see _request
            date, body = response.headers["Date"], response.read(MOST)
    except HTTPError as error:
        # Whatever it says, it says when.
        date, body = error.headers["Date"], b""
    except URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise error.reason from error
        raise
    middle = (before + time.time()) / 2
    # The date is cut to whole seconds.
    ahead = middle - (parsedate_to_datetime(date).timestamp() + 0.5) if date else None
    try:
        names = json.loads(body)["meta"]["caaIdentities"]
    except (ValueError, KeyError, TypeError):
        names = []
    return ahead, frozenset(name.lower() for name in names if isinstance(name, str))


def _request(url: str) -> Request:
    # The settings take http and https alone, so that no file can be opened here.
    return Request(url, headers={"User-Agent": "nvrstack"})  # noqa: S310

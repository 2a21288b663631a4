"""HTTP to a server whose address is given, whatever its name leads to."""

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from nvrstack.host.network.tls import anything
from nvrstack.host.visit.failures import failure_of
from nvrstack.visit import Answer, Failure, Hop, Kind, Seen

LARGEST_BYTES = 8 << 20
"""More than any page or script of Moonfire."""
REDIRECTS = 5
CONNECT_SECONDS = 3.0
"""For each connection, and each handshake on it."""
AGENT = "nvrstack-verify"


@dataclass(frozen=True)
class Client:
    """Asks the server at `address`. Each call has a connection of its own.

    `tls` decides about certificates; without one any will do, for they are looked at elsewhere.
    """

    address: str
    seconds: float
    tls: ssl.SSLContext | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(
        self,
        url: str,
        *,
        method: str = "GET",
        host: str | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        http2: bool = True,
    ) -> Seen:
        """Ask for a URL; `host` is sent in place of its own. No redirect is followed.

        A connection that is closed without an answer is tried once more: so a server ends those
        that it has not read from yet when it reloads (https://nginx.org/en/docs/control.html).
        """
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        shown = f"[{self.address}]" if ":" in self.address else self.address
        sent = {
            "Host": host or parts.netloc,
            "User-Agent": AGENT,
            **self.headers,
            **(headers or {}),
        }
        extensions: dict[str, Any] = {"sni_hostname": parts.hostname}
        target = f"{parts.scheme}://{shown}{port}{parts.path or '/'}"
        target += f"?{parts.query}" if parts.query else ""
        request = {"headers": sent, "json": json, "extensions": extensions}
        seen = self._asked(method, target, request, http2=http2)
        if isinstance(seen, Failure) and seen.kind is Kind.CLOSED:
            seen = self._asked(method, target, request, http2=http2)
        return seen

    def _asked(self, method: str, target: str, request: dict[str, Any], *, http2: bool) -> Seen:
        try:
            with (
                httpx.Client(
                    verify=self.tls or anything(),
                    http2=http2,
                    timeout=httpx.Timeout(self.seconds, connect=min(self.seconds, CONNECT_SECONDS)),
                    trust_env=False,
                ) as client,
                client.stream(method, target, **request) as response,
            ):
                return _answer(response)
        except (httpx.RemoteProtocolError, httpx.ReadError) as error:
            found = failure_of(error)
            closed = Failure(Kind.CLOSED, "the connection was closed without an answer")
            return closed if found.kind is Kind.OTHER else found
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return failure_of(error)

    def follow(self, url: str) -> tuple[Hop, ...]:
        """Ask for a URL and go where its answers lead, as long as that is the same host."""
        host = urlsplit(url).hostname
        hops: list[Hop] = []
        for _ in range(REDIRECTS):
            seen = self.ask(url)
            hops.append(Hop(url, seen))
            location = seen.header("location") if isinstance(seen, Answer) else None
            if location is None:
                break
            url = urljoin(url, location)
            if urlsplit(url).hostname != host:
                break
        return tuple(hops)


def told_address(url: str, seconds: float) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a web service says this machine comes from; None if it does not."""
    try:
        transport = httpx.HTTPTransport(local_address="0.0.0.0")  # noqa: S104 - IPv4, that is
        with httpx.Client(transport=transport, timeout=seconds, trust_env=False) as client:
            answer = client.get(url, headers={"User-Agent": AGENT}, follow_redirects=True)
            text = answer.raise_for_status().text
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        return None
    for word in "".join(c if c.isdigit() or c == "." else " " for c in text[:4096]).split():
        try:
            return ipaddress.IPv4Address(word.strip("."))
        except ValueError:
            continue
    return None


def _answer(response: httpx.Response) -> Answer:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > LARGEST_BYTES:
            break
    headers = tuple((key.lower(), value) for key, value in response.headers.multi_items())
    text = body.decode("utf-8", errors="replace")
    return Answer(response.status_code, response.http_version, headers, text)

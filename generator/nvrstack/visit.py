"""What a visit of the page saw: plain values. `host.visit` gathers, `checks.verify` judges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

STRANGER = "verify.invalid"
"""A name that no server may be called by (RFC 2606 section 2)."""
FORGED = "192.0.2.66"
"""An address from which nobody comes (RFC 5737); what a liar would put into a header."""
MOONFIRE_PORT = 8080


class Kind(StrEnum):
    """How an attempt failed."""

    NO_NAME = "no name"
    REFUSED = "refused"
    SILENT = "silent"
    TLS = "tls"
    CLOSED = "closed"
    OTHER = "other"


@dataclass(frozen=True)
class Failure:
    """Why there is no answer, in words."""

    kind: Kind
    reason: str


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; the names of its headers are in lower case."""

    status: int
    version: str = "HTTP/1.1"
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name.lower()), None)


Seen = Answer | Failure


@dataclass(frozen=True)
class Hop:
    """One step on the way from an http address."""

    url: str
    seen: Seen


@dataclass(frozen=True)
class Handshake:
    """A TLS handshake: the chain as DER, the server's first, and OpenSSL's objections to it.

    `errors` are the numbers X509_V_ERR_* of openssl-verification-options(1).
    """

    chain: tuple[bytes, ...]
    errors: tuple[int, ...]
    protocol: str
    cipher: str


Shaken = Handshake | Failure


@dataclass(frozen=True)
class Live:
    """A WebSocket: what its handshake was answered with, and the first frame, if one came.

    Binary frames are pictures; Moonfire says in a text frame why there are none.
    """

    status: int
    frame: bytes | str | None = None


@dataclass(frozen=True)
class Session:
    """What somebody sees who signs in; None where it did not come to that."""

    login: Seen
    api: Seen | None = None
    download: Seen | None = None
    live: Live | Failure | None = None
    stream: str = ""
    """The stream that was looked at; none where there is no camera yet."""


@dataclass(frozen=True)
class Place:
    """What is visited. `address` is where its name is taken to lead; None asks the name servers."""

    host: str
    http_port: int = 80
    https_port: int = 443
    address: str | None = None

    @property
    def authority(self) -> str:
        """The host as browsers send it: with its port, unless that is 443 (RFC 9110, 7.2)."""
        return self.host if self.https_port == 443 else f"{self.host}:{self.https_port}"

    @property
    def origin(self) -> str:
        """What browsers send as Origin (RFC 6454)."""
        return f"https://{self.authority}"


@dataclass(frozen=True)
class Visit:
    """Everything that one visit saw."""

    place: Place
    addresses: tuple[str, ...] | Failure
    """What the name leads to."""
    deaf: tuple[str, ...] = ()
    """Those of the addresses at which nobody answers the https port."""
    own_address: str | None = None
    """This machine's end of the connection."""
    outside_address: str | None = None
    """This machine's address on the Internet, as others tell it."""
    hops: tuple[Hop, ...] = ()
    handshakes: Mapping[str, Shaken] = field(default_factory=dict)
    old_tls: Shaken | None = None
    weak_ciphers: Shaken | None = None
    request: Seen = Failure(Kind.OTHER, "not asked")
    forged: Seen = Failure(Kind.OTHER, "not asked")
    page: Seen = Failure(Kind.OTHER, "not asked")
    scripts: tuple[Seen, ...] = ()
    anonymous: Seen = Failure(Kind.OTHER, "not asked")
    live: Live | Failure = Failure(Kind.OTHER, "not asked")
    strangers: Mapping[str, Seen] = field(default_factory=dict)
    """What was answered to names that are not ours, by how they were asked for."""
    open_moonfire: tuple[str, ...] = ()
    """The addresses at which Moonfire itself answers without the proxy."""
    session: Session | None = None

    @property
    def target(self) -> str:
        """The address that was visited; empty when the name leads nowhere."""
        return "" if isinstance(self.addresses, Failure) else self.addresses[0]

"""A visit to which everything was as it should be, to be made wrong in one place."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from nvrstack.checks.verdict import Verdict
from nvrstack.checks.verify.expected import Expected, Origin
from nvrstack.checks.verify.guide import visit_verdicts
from nvrstack.visit import (
    Answer,
    Failure,
    Handshake,
    Hop,
    Kind,
    Live,
    Place,
    Session,
    Visit,
)
from tests.contract.chain import Signer, issue, signer

HOST, LAN, PUBLIC = "nvr.example.com", "192.168.1.20", "8.8.4.4"
NOW = datetime.now(UTC)
ROOT = signer("Root of the tests")
CLOSED = Failure(Kind.CLOSED, "the connection was closed")
REFUSED = Failure(Kind.REFUSED, "the connection was refused")
SILENT = Failure(Kind.SILENT, "there was no answer in time")
TLS = Failure(Kind.TLS, "the TLS handshake failed (no reason given)")
SAFE = (("x-content-type-options", "nosniff"), ("x-frame-options", "SAMEORIGIN"))
COOKIE = (("set-cookie", "s=abc; HttpOnly; Secure; SameSite=Lax; Path=/"),)


def der(
    *names: str, left: timedelta = timedelta(days=60), chain: bool = True, by: Signer = ROOT
) -> tuple[bytes, ...]:
    """A certificate, with its issuer's or alone."""
    return ders(issue(by, *names, left=left, chain=chain).certificate)


def bare_der(*names: str) -> tuple[bytes, ...]:
    """A certificate as a device at home makes it for itself: with an organisation alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "The house")])
    builder = x509.CertificateBuilder(
        subject, subject, key.public_key(), 1, NOW - timedelta(days=1), NOW + timedelta(days=9)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return ders(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))


def ders(pem: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM file."""
    found = x509.load_pem_x509_certificates(pem)
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in found)


GOOD_CHAIN = der(HOST)


def shaken(chain: tuple[bytes, ...] = GOOD_CHAIN, *errors: int) -> Handshake:
    """A handshake with TLS 1.3."""
    return Handshake(chain, errors, "TLSv1.3", "TLS_AES_256_GCM_SHA384")


def request(
    address: str | None = PUBLIC, *, secure: bool = True, host: str | None = HOST
) -> Answer:
    """What `/api/request` answers, as Moonfire 0.7.30 words it."""
    shown = f'Some("{host}")' if host else "None"
    text = (
        f"when: Some(Display {{ }})\nhost: {shown}\n"
        f"addr: {f'Some({address})' if address else 'None'}\n"
        f'user_agent: Some("x")\nsecure: {str(secure).lower()}\ncaller: Caller {{ }}\n'
    )
    return Answer(200, "HTTP/2", (), text)


def visit(**changes: Any) -> Visit:
    """The visit, with some of it changed."""
    to = f"https://{HOST}/api/request"
    right: dict[str, Any] = {
        "place": Place(HOST),
        "addresses": (PUBLIC,),
        "own_address": LAN,
        "outside_address": PUBLIC,
        "hops": (
            Hop(f"http://{HOST}/api/request", Answer(301, headers=(("location", to),))),
            Hop(to, request()),
        ),
        "handshakes": {HOST: shaken()},
        "old_tls": TLS,
        "weak_ciphers": TLS,
        "request": request(),
        "forged": request(),
        "page": Answer(200, "HTTP/2", SAFE, '<script src="/a.js"></script>'),
        "scripts": (Answer(200, text="fetch('/api/login')"),),
        "anonymous": Answer(401),
        "live": Live(101, '{"type":"error","message":"UNAUTHENTICATED"}'),
        "strangers": {"http": CLOSED, "https": TLS, "https under our name": CLOSED},
    }
    return Visit(**{**right, **changes})


def session(**changes: Any) -> Session:
    """What somebody sees who signs in, with some of it changed."""
    right: dict[str, Any] = {
        "login": Answer(204, headers=COOKIE),
        "api": Answer(200),
        "download": Answer(206, headers=(("content-range", "bytes 0-15/99"),)),
        "live": Live(101, b"pictures"),
        "stream": "uuid/sub",
    }
    return Session(**{**right, **changes})


INTERNET = Expected(Origin.INTERNET)
HOME = Expected(Origin.LAN)


def judged(seen: Visit, expected: Expected = INTERNET) -> dict[str, Verdict]:
    """The verdicts by what they are about."""
    return {verdict.about: verdict for verdict in visit_verdicts(seen, expected, NOW)}

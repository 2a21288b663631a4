"""TLS handshakes, by a library that brings its own OpenSSL.

The standard library shows the chain only from Python 3.13 on, and its OpenSSL may have been told
by the distribution not to speak old versions at all, so that it could not tell who else does.
"""

import socket
import struct
import time
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto

from nvrstack.host.visit.failures import CLOSED, SILENT, failure_of, tls_failure
from nvrstack.visit import Handshake, Shaken

ANY = b"ALL:@SECLEVEL=0"
"""Every cipher, however weak (openssl-ciphers(1)): to see what a server would take."""
WEAK = (
    b"ALL:!ECDHE+AESGCM:!ECDHE+CHACHA20:!ECDHE+AESCCM:!DHE+AESGCM:!DHE+CHACHA20:!DHE+AESCCM"
    b":@SECLEVEL=0"
)
"""Those of TLS 1.2 and before that lack forward secrecy or authenticated encryption, neither of
which Mozilla's intermediate configuration does without (guideline 6.0)."""


@dataclass(frozen=True)
class Offer:
    """What the client offers in its handshake."""

    ciphers: bytes | None = None
    lowest: int = SSL.TLS1_2_VERSION
    highest: int = SSL.TLS1_3_VERSION


USUAL = Offer()
OLD = Offer(ANY, SSL.TLS1_VERSION, SSL.TLS1_1_VERSION)
WEAK_CIPHERS = Offer(WEAK, SSL.TLS1_2_VERSION, SSL.TLS1_2_VERSION)


def shake_hands(
    address: str,
    port: int,
    name: str,
    *,
    offer: Offer = USUAL,
    roots: tuple[bytes, ...] = (),
    seconds: float,
) -> Shaken:
    """Shake hands with the server at an address, under a name.

    `roots` are certificates as PEM that are trusted beside those of this machine.
    """
    errors: list[int] = []
    context = _context(offer, roots, errors)
    try:
        with socket.create_connection((address, port), timeout=seconds) as plain:
            # OpenSSL reads from the file descriptor, of which only the kernel knows a limit.
            plain.settimeout(None)
            limit = struct.pack("@ll", max(1, int(seconds)), 0)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            connection = SSL.Connection(context, plain)
            connection.set_tlsext_host_name(name.encode("idna"))
            connection.set_connect_state()
            return _shake(connection, errors, time.monotonic() + seconds)
    except OSError as error:
        return failure_of(error)


def _context(offer: Offer, roots: tuple[bytes, ...], errors: list[int]) -> SSL.Context:
    def note(
        _connection: SSL.Connection, _certificate: crypto.X509, error: int, _depth: int, _ok: int
    ) -> bool:
        if error and error not in errors:
            errors.append(error)
        return True

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(offer.lowest)
    context.set_max_proto_version(offer.highest)
    if offer.ciphers is not None:
        context.set_cipher_list(offer.ciphers)
    context.set_default_verify_paths()
    store = context.get_cert_store()
    for pem in roots:
        certificate = x509.load_pem_x509_certificate(pem)
        if store is not None:
            store.add_cert(crypto.X509.from_cryptography(certificate))
    context.set_verify(SSL.VERIFY_PEER, note)
    return context


def _shake(connection: SSL.Connection, errors: list[int], deadline: float) -> Shaken:
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        return SILENT
    except SSL.SysCallError:
        return SILENT if time.monotonic() >= deadline else CLOSED
    except SSL.Error as error:
        reasons = [entry[2] for entry in error.args[0]] if error.args else []
        return tls_failure(reasons[-1] if reasons else "no reason given")
    chain = connection.get_peer_cert_chain(as_cryptography=True) or []
    return Handshake(
        tuple(certificate.public_bytes(Encoding.DER) for certificate in chain),
        tuple(errors),
        connection.get_protocol_version_name(),
        connection.get_cipher_name() or "",
    )

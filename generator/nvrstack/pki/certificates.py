"""Self-signed and locally signed certificates, as PEM and DER bytes. Nothing touches the disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEARS_10 = timedelta(days=3650)
LEAF_LIFETIME = timedelta(days=820)
"""Apple's devices refuse certificates for servers that live longer than 825 days even from an
authority that the user installed (support.apple.com/en-us/103769)."""
CLOCK_SKEW = timedelta(hours=1)
"""How far before now a certificate begins, for clients whose clock is behind."""
PLACEHOLDER_NAME = "nvrstack placeholder, not issued yet"
COMMON_NAME_LIMIT = 64
"""RFC 5280, ub-common-name."""
EVERY_ADDRESS = [x509.IPAddress(ip_network(text)) for text in ("0.0.0.0/0", "::/0")]
"""What the local authority may not sign for: a constraint on names alone leaves addresses free."""


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key (PKCS #8), both as PEM."""

    certificate: bytes
    key: bytes


def placeholder(names: Sequence[str], now: datetime) -> Pair:
    """A self-signed certificate that lets nginx start before one is issued."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(PLACEHOLDER_NAME)
    builder = _builder(subject, subject, key.public_key(), now, YEARS_10).add_extension(
        _alternative_names(names), critical=False
    )
    return _signed(builder, key, key)


def local_root(names: Sequence[str], now: datetime) -> Pair:
    """A root certificate that may sign for `names` and what is below them, and nothing else.

    The name constraints (RFC 5280 section 4.2.1.10) make it safe to install: whoever steals the
    key can pass for these names only.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"nvrstack authority of {names[0]}")
    builder = (
        _builder(subject, subject, key.public_key(), now, YEARS_10)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(certificates=True), critical=True)
        .add_extension(
            x509.NameConstraints([x509.DNSName(name) for name in names], EVERY_ADDRESS),
            critical=True,
        )
    )
    return _signed(builder, key, key)


def local_leaf(
    root: Pair, names: Sequence[str], now: datetime, lifetime: timedelta = LEAF_LIFETIME
) -> Pair:
    """A server certificate for `names`, signed by `root`; the chain is the leaf alone."""
    issuer = x509.load_pem_x509_certificate(root.certificate)
    issuer_key = serialization.load_pem_private_key(root.key, password=None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)  # noqa: S101 - we made it
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(_name(names[0]), issuer.subject, key.public_key(), now, lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_alternative_names(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    return _signed(builder, issuer_key, key)


def der(certificate: bytes) -> bytes:
    """A PEM certificate as DER, the form that phones install."""
    return x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)


def names_of(certificate: bytes) -> tuple[str, ...]:
    """The DNS names of a PEM certificate."""
    extension = x509.load_pem_x509_certificate(certificate).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return tuple(extension.value.get_values_for_type(x509.DNSName))


def validity(certificate: bytes) -> tuple[datetime, datetime]:
    """From when and until when a PEM certificate is valid."""
    parsed = x509.load_pem_x509_certificate(certificate)
    return parsed.not_valid_before_utc, parsed.not_valid_after_utc


def life_left(certificate: bytes, now: datetime) -> float:
    """The part of a PEM certificate's life that is to come: 1 at first, negative once over."""
    begins, ends = validity(certificate)
    return (ends - now) / (ends - begins)


def may_sign_for(root: bytes, names: Sequence[str]) -> bool:
    """Whether the name constraints of a PEM root let it sign for all of `names`."""
    parsed = x509.load_pem_x509_certificate(root)
    constraints = parsed.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = [
        n.value for n in constraints.permitted_subtrees or () if isinstance(n, x509.DNSName)
    ]
    return all(f".{name}".endswith(tuple(f".{p}" for p in permitted)) for name in names)


def as_parsed(pem: bytes) -> bytes:
    """The PEM certificates in `pem` and nothing else: some programs are strict about line ends."""
    found = x509.load_pem_x509_certificates(pem)
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in found)


def is_certificate(pem: bytes) -> bool:
    """Whether `pem` begins with a PEM certificate that can be read."""
    try:
        return bool(x509.load_pem_x509_certificates(pem))
    except ValueError:
        return False


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now - CLOCK_SKEW + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signed(
    builder: x509.CertificateBuilder,
    signer: ec.EllipticCurvePrivateKey,
    own: ec.EllipticCurvePrivateKey,
) -> Pair:
    return Pair(
        certificate=builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
        key=own.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:COMMON_NAME_LIMIT])])


def _alternative_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in names])


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

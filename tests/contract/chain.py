"""Certificates as a public authority issues them: a root, an intermediate, and the server's."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from nvrstack.pki.certificates import Pair

Key = ec.EllipticCurvePrivateKey
LIFE = timedelta(days=90)


@dataclass(frozen=True)
class Signer:
    """A certificate that may sign others."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate, as browsers install it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def signer(name: str, by: Signer | None = None) -> Signer:
    """Make a root, or an intermediate that `by` signs."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = _builder(name, key, now - LIFE, now + 10 * LIFE, by)
    basic = x509.BasicConstraints(ca=True, path_length=None)
    builder = builder.add_extension(basic, critical=True)
    return Signer(builder.sign(by.key if by else key, hashes.SHA256()), key)


def issue(by: Signer, *names: str, left: timedelta = LIFE, chain: bool = True) -> Pair:
    """Make a server's certificate with its chain, or without; `left` of its life is to come."""
    key = ec.generate_private_key(ec.SECP256R1())
    ends = datetime.now(UTC) + left
    issuers = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS,
        x509.UniformResourceIdentifier("http://authority.example.test/issuer.der"),
    )
    builder = _builder(names[0], key, ends - LIFE - timedelta(hours=1), ends, by)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = builder.add_extension(alternatives, critical=False)
    builder = builder.add_extension(x509.AuthorityInformationAccess([issuers]), critical=False)
    pem = builder.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Pair(pem + (by.pem if chain else b""), private)


def _builder(
    name: str, key: Key, begins: datetime, ends: datetime, by: Signer | None
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )

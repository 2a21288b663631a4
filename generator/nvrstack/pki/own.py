"""A certificate that the owner brings: whether a browser could accept it."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from nvrstack.pki.certificates import Pair, as_parsed

CURVES = ("secp256r1", "secp384r1")
"""What browsers accept of elliptic curves (CA/Browser Forum baseline requirements, 6.1.5)."""
RSA_BITS = 2048
OUTDATED = (hashes.MD5, hashes.SHA1)


def own_problems(own: Pair, names: Sequence[str], now: datetime) -> tuple[str, ...]:
    """Everything that keeps `own` from serving `names`, a sentence each; nothing of the key."""
    try:
        chain = x509.load_pem_x509_certificates(own.certificate)
    except ValueError:
        return ("certificate.chain_file: holds no certificates in PEM form",)
    try:
        key = serialization.load_pem_private_key(own.key, password=None)
    except TypeError:
        return (
            (
                "certificate.key_file: is encrypted, and nobody is there to decrypt it when nginx "
                "starts; decrypt it with `openssl pkey -in OLD -out NEW`"
            ),
        )
    except (ValueError, UnsupportedAlgorithm):
        return ("certificate.key_file: holds no private key in PEM form",)
    leaf = chain[0]
    found = [*_chain(chain, now), *_leaf(leaf, names, now)]
    if key.public_key() != leaf.public_key():
        found.append("certificate.key_file: belongs to another certificate")
    return tuple(found)


def pair_as_parsed(own: Pair) -> Pair:
    """The pair as what was read of it: nginx is stricter, about line ends and what is between."""
    key = serialization.load_pem_private_key(own.key, password=None)
    return Pair(
        as_parsed(own.certificate),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def covers(pattern: str, name: str) -> bool:
    """Whether a name in a certificate stands for `name` (RFC 9525 section 6.3)."""
    if pattern.startswith("*.") and not name.startswith("*."):
        return pattern[2:].lower() == name.partition(".")[2]
    return pattern.lower() == name


def _chain(chain: Sequence[x509.Certificate], now: datetime) -> Iterator[str]:
    for index, (certificate, issuer) in enumerate(itertools.pairwise(chain), start=1):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            yield (
                f"certificate.chain_file: its certificate {index} was not signed by number "
                f"{index + 1}; the server's comes first, then each one's issuer"
            )
        # Further up, browsers go by roots that they know; an ended cross-signed one is usual.
        if index == 1 and now >= issuer.not_valid_after_utc:
            yield (
                f"certificate.chain_file: its certificate {index + 1} ended "
                f"{issuer.not_valid_after_utc:%Y-%m-%d}; get the present chain from its authority"
            )


def _leaf(leaf: x509.Certificate, names: Sequence[str], now: datetime) -> Iterator[str]:
    where = "certificate.chain_file: the first certificate"
    covered = _names(leaf)
    lacking = [name for name in names if not any(covers(pattern, name) for pattern in covered)]
    if lacking:
        yield f"{where} is for {', '.join(covered) or 'no name'}, not for {', '.join(lacking)}"
    if now >= leaf.not_valid_after_utc:
        yield f"{where} ended {leaf.not_valid_after_utc:%Y-%m-%d}"
    if now < leaf.not_valid_before_utc:
        yield f"{where} begins {leaf.not_valid_before_utc:%Y-%m-%d}; is this machine's clock right?"
    if _is_authority(leaf):
        yield f"{where} is an authority's; put the server's first"
    usages = _usages(leaf)
    if usages is not None and ExtendedKeyUsageOID.SERVER_AUTH not in usages:
        yield f"{where} is not for servers"
    key = leaf.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < RSA_BITS:
            yield f"{where} has an RSA key of {key.key_size} bits; browsers want {RSA_BITS}"
    elif not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in CURVES:
        yield f"{where} has a key that browsers refuse; use RSA, or ECDSA with P-256 or P-384"
    if isinstance(leaf.signature_hash_algorithm, OUTDATED):
        yield f"{where} is signed with {leaf.signature_hash_algorithm.name}, which browsers refuse"


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(found.value.get_values_for_type(x509.DNSName))


def _is_authority(leaf: x509.Certificate) -> bool:
    try:
        return leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _usages(leaf: x509.Certificate) -> x509.ExtendedKeyUsage | None:
    try:
        return leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return None

"""Certificates that nvrstack makes itself."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from nvrstack.pki.certificates import Pair, der, local_leaf, local_root, names_of, placeholder
from nvrstack.pki.keep import (
    DOWNLOADS,
    LEAF,
    PATHS,
    PLACEHOLDER,
    ROOT,
    missing_certificates,
)
from nvrstack.tree import PUBLIC, SECRET, File
from tests.unit.samples import settings_for

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("nvr.home.arpa", "cameras.home.arpa")
LONG = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 57}.com"


def parsed(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def key_of(pair: Pair) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pair.key, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


Name = str | IPv4Address | IPv6Address


def verify(leaf: bytes, root: bytes, name: Name, when: datetime = NOW) -> None:
    """What a client does (RFC 5280): chain, names, dates, usages and constraints."""
    subject = x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name)
    builder = PolicyBuilder().store(Store([parsed(root)])).time(when)
    builder.build_server_verifier(subject).verify(parsed(leaf), [])


def forged(root: Pair, names: Sequence[x509.GeneralName]) -> bytes:
    """A leaf for any name, as a thief of the root's key would sign it."""
    usual = parsed(local_leaf(root, NAMES, NOW).certificate)
    builder = (
        x509.CertificateBuilder()
        .subject_name(usual.subject)
        .issuer_name(usual.issuer)
        .public_key(usual.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(usual.not_valid_before_utc)
        .not_valid_after(usual.not_valid_after_utc)
    )
    for extension in usual.extensions:
        if not isinstance(extension.value, x509.SubjectAlternativeName):
            builder = builder.add_extension(extension.value, extension.critical)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    signed = builder.sign(key_of(root), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("names", [("nvr.example.com",), NAMES, (LONG, "x.example.com")])
def test_the_placeholder_has_the_names_and_says_what_it_is(names: tuple[str, ...]) -> None:
    pair = placeholder(names, NOW)
    certificate = parsed(pair.certificate)
    assert names_of(pair.certificate) == names
    assert certificate.subject == certificate.issuer
    assert "placeholder" in certificate.subject.rfc4514_string()
    assert certificate.public_key() == key_of(pair).public_key()
    assert certificate.not_valid_before_utc <= NOW - timedelta(hours=1)
    assert certificate.not_valid_after_utc > NOW + timedelta(days=3600)


@pytest.mark.parametrize("names", [("nvr",), NAMES, (LONG, "x.example.com")])
def test_the_local_chain_verifies_for_every_name(names: tuple[str, ...]) -> None:
    root = local_root(names, NOW)
    leaf = local_leaf(root, names, NOW)
    assert names_of(leaf.certificate) == names
    assert parsed(leaf.certificate).public_key() == key_of(leaf).public_key()
    for name in names:
        verify(leaf.certificate, root.certificate, name)


def test_the_local_leaf_is_for_its_names_and_time_alone() -> None:
    root = local_root(NAMES, NOW)
    leaf = local_leaf(root, NAMES, NOW)
    for name, when in (
        ("other.home.arpa", NOW),
        (NAMES[0], NOW - timedelta(hours=2)),
        (NAMES[0], NOW + timedelta(days=821)),
    ):
        with pytest.raises(VerificationError):
            verify(leaf.certificate, root.certificate, name, when)
    with pytest.raises(VerificationError):
        verify(leaf.certificate, local_root(NAMES, NOW).certificate, NAMES[0])


def test_phones_accept_how_long_the_leaf_lives() -> None:
    leaf = parsed(local_leaf(local_root(NAMES, NOW), NAMES, NOW).certificate)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=825)


def test_usages_and_constraints_are_the_narrowest() -> None:
    root = local_root(NAMES, NOW)
    authority, leaf = parsed(root.certificate), parsed(local_leaf(root, NAMES, NOW).certificate)
    for certificate, signs in ((authority, True), (leaf, False)):
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert basic.critical
        assert usage.critical
        assert (basic.value.ca, usage.value.key_cert_sign) == (signs, signs)
        assert usage.value.digital_signature is not signs
    assert (
        authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    )
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert constraints.value.permitted_subtrees == [x509.DNSName(name) for name in NAMES]
    excluded = [name.value for name in constraints.value.excluded_subtrees or []]
    assert excluded == [ip_network("0.0.0.0/0"), ip_network("::/0")]
    purpose = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purpose) == [ExtendedKeyUsageOID.SERVER_AUTH]


@pytest.mark.parametrize(
    "name", ["www.bank.example", IPv4Address("192.168.1.1"), IPv6Address("2001:db8::1")], ids=str
)
def test_a_stolen_root_key_signs_for_nothing_else(name: Name) -> None:
    root = local_root(NAMES, NOW)
    leaf = forged(root, [x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name)])
    with pytest.raises(VerificationError, match=r"(?i)name constraint|not permitted|excluded"):
        verify(leaf, root.certificate, name)


def test_the_forger_of_these_tests_forges_well() -> None:
    root = local_root(NAMES, NOW)
    verify(forged(root, [x509.DNSName("a.nvr.home.arpa")]), root.certificate, "a.nvr.home.arpa")


def present(files: dict[str, File]) -> dict[str, bytes]:
    return {path: file.content for path, file in files.items() if path in PATHS}


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ("public", set(PLACEHOLDER)),
        ("router-ddns", set(PLACEHOLDER)),
        ("dns-challenge", set(PLACEHOLDER)),
        ("lan", {*PLACEHOLDER, *ROOT, *LEAF, "tls/local/root.pem", "tls/local/root.crt"}),
    ],
)
def test_a_new_project_gets_what_its_stack_needs(stack: str, expected: set[str]) -> None:
    files = missing_certificates(settings_for(stack), {}, NOW)
    assert set(files) == expected
    for path, file in files.items():
        is_key = path.endswith(("key", "privkey.pem"))
        assert file.mode == (SECRET if is_key else PUBLIC)
        assert is_key == (b"PRIVATE KEY" in file.content)


def test_the_root_is_offered_in_both_forms_without_its_key() -> None:
    files = missing_certificates(settings_for("lan"), {}, NOW)
    root = files[ROOT[0]].content
    assert files["tls/local/root.pem"].content == root
    assert files["tls/local/root.crt"].content == der(root)
    assert x509.load_der_x509_certificate(files["tls/local/root.crt"].content) == parsed(root)
    verify(files[LEAF[0]].content, root, "nvr.home.arpa", NOW)


@pytest.mark.parametrize("stack", ["public", "lan"])
def test_nothing_is_made_anew_while_it_serves(stack: str) -> None:
    settings = settings_for(stack)
    files = missing_certificates(settings, {}, NOW)
    later = NOW + timedelta(days=30)
    assert missing_certificates(settings, present(files), later) == {}
    renamed = settings_for(stack, {"certificate": {"email": "me@nvr.example.com"}})
    assert missing_certificates(renamed, present(files), later) == {}


LOCAL = (*PLACEHOLDER, *ROOT, *LEAF, *DOWNLOADS)


@pytest.mark.parametrize(("stack", "paths"), [("public", PLACEHOLDER), ("lan", LOCAL)])
def test_changed_names_make_certificates_anew(stack: str, paths: tuple[str, ...]) -> None:
    files = missing_certificates(settings_for(stack), {}, NOW)
    more = settings_for(stack, {"site": {"aliases": ["cameras.example.com"]}})
    again = missing_certificates(more, present(files), NOW)
    assert set(again) >= set(paths)
    assert all(again[path] != files[path] for path in paths)
    assert names_of(again[paths[0]].content) == more.site.names


@pytest.mark.parametrize("damage", ["missing key", "no certificate"])
def test_a_damaged_pair_is_made_anew(damage: str) -> None:
    settings = settings_for("lan")
    files = present(missing_certificates(settings, {}, NOW))
    if damage == "missing key":
        del files[LEAF[1]]
    else:
        files[LEAF[0]] = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    again = missing_certificates(settings, files, NOW)
    assert set(LEAF) <= set(again)
    assert not set(PLACEHOLDER) & set(again)

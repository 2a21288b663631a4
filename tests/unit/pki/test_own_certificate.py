"""A certificate that the owner brings: taken when it is right, refused with the reason if not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from nvrstack.errors import InputError
from nvrstack.pki.certificates import Pair
from nvrstack.pki.keep import OWN, PLACEHOLDER, missing_certificates
from nvrstack.pki.own import covers, own_problems
from nvrstack.tree import PUBLIC, SECRET, File
from tests.unit.samples import settings_for

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = ("nvr.example.com", "cameras.example.com")
FIRST = "certificate.chain_file: the first certificate"
Key = Any
"""A private key of any kind."""


def p256() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: Key, password: bytes | None = None, form: str = "PKCS8") -> bytes:
    lock = serialization.BestAvailableEncryption(password) if password else None
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        getattr(serialization.PrivateFormat, form),
        lock or serialization.NoEncryption(),
    )
    return pem


def certificate(
    key: Key,
    issuer: tuple[x509.Certificate, Key] | None = None,
    names: Sequence[str] = (),
    **changed: Any,
) -> x509.Certificate:
    """A certificate of `key`, signed by an issuer or itself; without names, an authority's."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, changed.get("subject", "x"))])
    begins, ends = changed.get("life", (NOW - DAY, NOW + 90 * DAY))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(not names, None), critical=True)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    usage = changed.get("usage", ExtendedKeyUsageOID.SERVER_AUTH if names else None)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    signer = issuer[1] if issuer else key
    no_hash = isinstance(signer, ed25519.Ed25519PrivateKey)
    return builder.sign(signer, None if no_hash else hashes.SHA256())


def chain_of(*certificates: x509.Certificate) -> bytes:
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


ROOT_KEY, MIDDLE_KEY, LEAF_KEY = p256(), p256(), p256()
ROOT = certificate(ROOT_KEY, subject="root")
MIDDLE = certificate(MIDDLE_KEY, (ROOT, ROOT_KEY), subject="middle")
LEAF = certificate(LEAF_KEY, (MIDDLE, MIDDLE_KEY), NAMES, subject="leaf")
GOOD = Pair(chain_of(LEAF, MIDDLE, ROOT), pem_of(LEAF_KEY))


def leaf_pair(key: Key, names: Sequence[str] = NAMES, **changed: Any) -> Pair:
    """A chain of two with another leaf."""
    leaf = certificate(key, (MIDDLE, MIDDLE_KEY), names, subject="leaf", **changed)
    return Pair(chain_of(leaf, MIDDLE), pem_of(key))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_chain_that_is_right_has_no_problem(length: int) -> None:
    chain = chain_of(*(LEAF, MIDDLE, ROOT)[:length])
    assert own_problems(replace(GOOD, certificate=chain), NAMES, NOW) == ()


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_the_key_may_have_either_form(form: str) -> None:
    assert own_problems(replace(GOOD, key=pem_of(LEAF_KEY, form=form)), NAMES, NOW) == ()


def test_the_key_may_follow_the_parameters_that_openssl_writes_before_it() -> None:
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    key = parameters + pem_of(LEAF_KEY, form="TraditionalOpenSSL")
    assert own_problems(replace(GOOD, key=key), NAMES, NOW) == ()


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-384", "RSA"],
)
def test_keys_that_browsers_accept(key: Key) -> None:
    assert own_problems(leaf_pair(key), NAMES, NOW) == ()


def test_the_key_belongs_to_the_certificate() -> None:
    assert own_problems(replace(GOOD, key=pem_of(p256())), NAMES, NOW) == (
        "certificate.key_file: belongs to another certificate",
    )


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_an_encrypted_key_is_told_with_how_to_decrypt_it(form: str) -> None:
    key = pem_of(LEAF_KEY, b"tr0ub4dor&3", form)
    (problem,) = own_problems(replace(GOOD, key=key), NAMES, NOW)
    assert problem.startswith("certificate.key_file: is encrypted, and nobody is there to decrypt")
    assert "openssl pkey -in OLD -out NEW" in problem


@pytest.mark.parametrize(
    "key",
    [b"", b"garbage", b"\xff\x00", GOOD.certificate, pem_of(LEAF_KEY)[:80]],
    ids=["empty", "garbage", "binary", "certificate", "cut"],
)
def test_what_is_no_key_is_refused_without_showing_it(key: bytes) -> None:
    assert own_problems(replace(GOOD, key=key), NAMES, NOW) == (
        "certificate.key_file: holds no private key in PEM form",
    )


@pytest.mark.parametrize(
    "chain",
    [
        b"",
        b"garbage",
        b"\xff\x00",
        GOOD.key,
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        LEAF.public_bytes(serialization.Encoding.DER),
    ],
    ids=["empty", "garbage", "binary", "key", "no certificate", "DER"],
)
def test_what_is_no_chain_is_refused_without_showing_it(chain: bytes) -> None:
    assert own_problems(replace(GOOD, certificate=chain), NAMES, NOW) == (
        "certificate.chain_file: holds no certificates in PEM form",
    )


NOT_SIGNED = "certificate.chain_file: its certificate {} was not signed by number {}; "


def test_the_order_of_the_chain_is_from_the_server_up() -> None:
    backwards = replace(GOOD, certificate=chain_of(LEAF, ROOT, MIDDLE))
    problems = own_problems(backwards, NAMES, NOW)
    assert [p.startswith(NOT_SIGNED.format(n, n + 1)) for n, p in enumerate(problems, 1)] == [
        True,
        True,
    ]


def test_an_issuer_of_that_name_with_another_key_did_not_sign() -> None:
    forged = certificate(p256(), (ROOT, ROOT_KEY), subject="middle")
    (problem,) = own_problems(replace(GOOD, certificate=chain_of(LEAF, forged)), NAMES, NOW)
    assert problem.startswith(NOT_SIGNED.format(1, 2))


def test_an_authoritys_certificate_is_not_the_servers() -> None:
    problems = own_problems(Pair(chain_of(MIDDLE, ROOT), pem_of(MIDDLE_KEY)), NAMES, NOW)
    assert f"{FIRST} is an authority's; put the server's first" in problems
    assert f"{FIRST} is for no name, not for nvr.example.com, cameras.example.com" in problems


def test_each_name_that_is_missing_is_told() -> None:
    names = (*NAMES, "nas.example.com", "*.example.com")
    (problem,) = own_problems(GOOD, names, NOW)
    assert problem == (
        f"{FIRST} is for nvr.example.com, cameras.example.com, "
        "not for nas.example.com, *.example.com"
    )


def test_a_wildcard_serves_its_own_level_alone() -> None:
    pair = leaf_pair(LEAF_KEY, ("*.example.com",))
    assert own_problems(pair, ("nvr.example.com", "*.example.com"), NOW) == ()
    (problem,) = own_problems(pair, ("nvr.example.com", "a.b.example.com", "example.com"), NOW)
    assert problem == f"{FIRST} is for *.example.com, not for a.b.example.com, example.com"


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("nvr.example.com", "nvr.example.com", True),
        ("NVR.Example.com", "nvr.example.com", True),
        ("*.Example.com", "nvr.example.com", True),
        ("*.example.com", "*.example.com", True),
        ("*.example.com", "*.nvr.example.com", False),
        ("*.example.com", "a.nvr.example.com", False),
        ("*.example.com", "example.com", False),
        ("nvr.example.com", "*.example.com", False),
        ("*.com", "example.org", False),
        ("n*.example.com", "nvr.example.com", False),
    ],
)
def test_which_names_a_name_stands_for(pattern: str, name: str, *, expected: bool) -> None:
    assert covers(pattern, name) is expected


def test_a_certificate_that_ended_or_has_not_begun_is_refused() -> None:
    ended = leaf_pair(LEAF_KEY, life=(NOW - 90 * DAY, NOW - DAY))
    assert own_problems(ended, NAMES, NOW) == (f"{FIRST} ended 2026-02-28",)
    begins = leaf_pair(LEAF_KEY, life=(NOW + DAY, NOW + 90 * DAY))
    assert own_problems(begins, NAMES, NOW) == (
        f"{FIRST} begins 2026-03-02; is this machine's clock right?",
    )


def test_a_certificate_for_clients_is_refused() -> None:
    pair = leaf_pair(LEAF_KEY, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    assert own_problems(pair, NAMES, NOW) == (f"{FIRST} is not for servers",)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (rsa.generate_private_key(65537, 1024), "has an RSA key of 1024 bits; browsers want 2048"),
        (ec.generate_private_key(ec.SECP521R1()), "has a key that browsers refuse; use RSA, or "),
        (ed25519.Ed25519PrivateKey.generate(), "has a key that browsers refuse; use RSA, or "),
    ],
    ids=["RSA 1024", "P-521", "Ed25519"],
)
def test_keys_that_browsers_refuse(key: Key, problem: str) -> None:
    (told,) = own_problems(leaf_pair(key), NAMES, NOW)
    assert told.startswith(f"{FIRST} {problem}")


def test_an_outdated_signature_is_refused() -> None:
    key = rsa.generate_private_key(65537, 2048)
    signed = certificate(key, names=NAMES).public_bytes(serialization.Encoding.DER)
    # The last number of sha256WithRSAEncryption and of sha1WithRSAEncryption (RFC 8017, A.2.4).
    of_rsa = bytes.fromhex("06092a864886f70d0101")
    outdated = x509.load_der_x509_certificate(signed.replace(of_rsa + b"\x0b", of_rsa + b"\x05"))
    assert own_problems(Pair(chain_of(outdated), pem_of(key)), NAMES, NOW) == (
        f"{FIRST} is signed with sha1, which browsers refuse",
    )


def test_an_issuer_that_ended_is_refused() -> None:
    ended = certificate(
        MIDDLE_KEY, (ROOT, ROOT_KEY), subject="middle", life=(NOW - 9 * DAY, NOW - DAY)
    )
    chain = chain_of(LEAF, ended, ROOT)
    (problem,) = own_problems(replace(GOOD, certificate=chain), NAMES, NOW)
    assert problem.startswith("certificate.chain_file: its certificate 2 ended 2026-02-28; ")


def test_a_cross_signed_root_that_ended_is_left_to_browsers() -> None:
    ended = certificate(ROOT_KEY, (ROOT, ROOT_KEY), subject="root", life=(NOW - 9 * DAY, NOW - DAY))
    middle = certificate(MIDDLE_KEY, (ended, ROOT_KEY), subject="middle")
    leaf = certificate(LEAF_KEY, (middle, MIDDLE_KEY), names=NAMES)
    chain = chain_of(leaf, middle, ended)
    assert own_problems(replace(GOOD, certificate=chain), NAMES, NOW) == ()


def test_every_problem_is_told_at_once() -> None:
    weak = rsa.generate_private_key(65537, 1024)
    pair = leaf_pair(weak, ("x.example.com",), life=(NOW - 9 * DAY, NOW - DAY))
    problems = own_problems(replace(pair, key=pem_of(p256())), NAMES, NOW)
    assert len(problems) == 4
    assert [problem.split(":")[0] for problem in problems] == [
        *["certificate.chain_file"] * 3,
        "certificate.key_file",
    ]


SETTINGS = settings_for("own-certificate", {"site": {"aliases": ["cameras.example.com"]}})


def present(files: dict[str, File]) -> dict[str, bytes]:
    return {path: file.content for path, file in files.items()}


def test_a_right_certificate_is_taken_with_its_key_kept_private() -> None:
    files = missing_certificates(SETTINGS, {}, NOW, GOOD)
    assert set(files) == {*PLACEHOLDER, *OWN}
    assert files[OWN[0]] == File(GOOD.certificate, PUBLIC)
    assert files[OWN[1]] == File(GOOD.key, SECRET)


def test_it_is_taken_again_only_when_it_changed() -> None:
    there = present(missing_certificates(SETTINGS, {}, NOW, GOOD))
    assert missing_certificates(SETTINGS, there, NOW, GOOD) == {}
    shorter = replace(GOOD, certificate=chain_of(LEAF, MIDDLE))
    assert missing_certificates(SETTINGS, there, NOW, shorter) == {
        OWN[0]: File(shorter.certificate, PUBLIC)
    }
    renewed = leaf_pair(p256())
    assert set(missing_certificates(SETTINGS, there, NOW, renewed)) == set(OWN)


def test_a_wrong_one_is_never_taken_and_every_reason_is_told() -> None:
    there = present(missing_certificates(SETTINGS, {}, NOW, GOOD))
    wrong = replace(leaf_pair(LEAF_KEY, ("x.example.com",)), key=pem_of(p256()))
    with pytest.raises(InputError) as caught:
        missing_certificates(SETTINGS, there, NOW, wrong)
    first, *reasons = caught.value.message.splitlines()
    assert first == "the certificate cannot be used; nothing was changed"
    assert len(reasons) == 2
    assert "PRIVATE KEY" not in caught.value.message


def test_what_ended_since_is_refused_at_the_next_render() -> None:
    there = present(missing_certificates(SETTINGS, {}, NOW, GOOD))
    with pytest.raises(InputError, match="ended 2026-05-30"):
        missing_certificates(SETTINGS, there, NOW + 100 * DAY, GOOD)

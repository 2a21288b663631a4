"""Moonfire's password hashes and permission bytes."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.services import passwords
from tests.unit.strategies import quickly

FACTS_BYTES = {
    frozenset({"viewVideo"}): "0801",
    frozenset({"readCameraConfigs"}): "1001",
    frozenset({"updateSignals"}): "1801",
    frozenset({"adminUsers"}): "2001",
    frozenset(passwords.PERMISSIONS): "0801100118012001",
    frozenset[str](): "",
}


@pytest.mark.parametrize("password", ["correct horse", "pässwörd 💾", "$ln=17$", " "])
def test_a_hash_is_a_phc_string_that_verifies(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "LOG2_N", 4)
    empty, name, parameters, salt, digest = passwords.password_hash(password).split("$")
    assert (empty, name, parameters) == ("", "scrypt", "ln=4,r=8,p=1")
    assert "=" not in salt + digest
    raw = base64.b64decode(salt + "=" * (-len(salt) % 4))
    expected = hashlib.scrypt(password.encode(), salt=raw, n=2**4, r=8, p=1, dklen=32)
    assert len(raw) == 16
    assert base64.b64decode(digest + "=" * (-len(digest) % 4)) == expected


def test_the_real_parameters_are_moonfires_and_each_salt_is_new() -> None:
    first, second = passwords.password_hash("x" * 8), passwords.password_hash("x" * 8)
    assert first.startswith("$scrypt$ln=17,r=8,p=1$")
    assert first != second
    assert passwords.password_hash("x", b"s" * 16) == passwords.password_hash("x", b"s" * 16)


@pytest.mark.parametrize(("granted", "expected"), FACTS_BYTES.items(), ids=FACTS_BYTES.values())
def test_permissions_are_moonfires_protobuf(granted: frozenset[str], expected: str) -> None:
    assert passwords.permission_bytes(granted) == bytes.fromhex(expected)


@quickly
@given(st.frozensets(st.sampled_from(passwords.PERMISSIONS)))
def test_permissions_read_back(granted: frozenset[str]) -> None:
    assert passwords.permissions_of(passwords.permission_bytes(granted)) == granted


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [("0800", set()), ("28010801", {"viewVideo"}), ("20010801", {"viewVideo", "adminUsers"})],
    ids=["false", "unknown field", "other order"],
)
def test_permissions_of_others_making_are_read(encoded: str, expected: set[str]) -> None:
    assert passwords.permissions_of(bytes.fromhex(encoded)) == expected

"""The certificates that nvrstack makes itself, held against openssl."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from nvrstack.pki.certificates import Pair, local_leaf
from tests.bed.process import Done, run
from tests.contract import extremes
from tests.contract.rendered import Project, project, write

LAN = {"defaults": {}, "many names": extremes.MANY_NAMES, "unicode name": extremes.UNICODE_NAME}


@pytest.fixture
def made(tmp_path: Path) -> Project:
    return write(project(tmp_path, "lan"))


def verify(made: Project, certificate: Path, name: str, *options: str) -> Done:
    """Ask openssl whether a browser that trusts this root alone would take the certificate."""
    root = made.directory / "tls/local/root.pem"
    words = ["openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-CAfile", str(root)]
    purpose = ["-purpose", "sslserver", "-verify_hostname", name, *options]
    return run([*words, *purpose, str(certificate)], check=False)


@pytest.mark.parametrize("change", LAN.values(), ids=LAN)
def test_each_name_is_trusted_by_the_root_alone(change: extremes.Change, tmp_path: Path) -> None:
    made = write(project(tmp_path, "lan", change))
    leaf = made.directory / "tls/local/fullchain.pem"
    for name in made.settings.site.names:
        told = verify(made, leaf, name)
        assert told.returncode == 0, told.stderr
    told = verify(made, leaf, "other.home.arpa")
    assert told.returncode != 0
    assert "hostname mismatch" in told.stderr.lower()


@pytest.mark.parametrize("name", ["bank.example", "home.arpa", "xnvr.home.arpa"])
def test_the_root_may_not_sign_for_other_names(made: Project, name: str) -> None:
    """A thief of the key gets no further than the names of this house."""
    stolen = Pair(
        certificate=(made.directory / "tls/authority/root.pem").read_bytes(),
        key=(made.directory / "tls/authority/root.key").read_bytes(),
    )
    for names in ([name], [made.settings.site.domain, name]):
        forged = made.directory / "forged.pem"
        forged.write_bytes(local_leaf(stolen, names, datetime.now(UTC)).certificate)
        told = verify(made, forged, name)
        assert told.returncode != 0
        assert "permitted subtree violation" in told.stderr


def test_keys_are_private_and_belong_to_their_certificates(made: Project) -> None:
    for folder in ("tls/local", "tls/placeholder"):
        pair = made.directory / folder
        of_certificate = x509(pair / "fullchain.pem", "-pubkey").stdout
        of_key = run(["openssl", "pkey", "-pubout", "-in", str(pair / "privkey.pem")]).stdout
        assert of_certificate == of_key
    for key in [*made.directory.rglob("privkey.pem"), *made.directory.rglob("*.key")]:
        assert key.stat().st_mode & 0o777 == 0o600
        assert (key.stat().st_uid, key.stat().st_gid) == made.owner


def test_the_root_for_phones_is_the_same_certificate(made: Project) -> None:
    local = made.directory / "tls/local"
    shown = x509(local / "root.crt", "-fingerprint", "-sha256", "-inform", "DER").stdout
    assert shown == x509(local / "root.pem", "-fingerprint", "-sha256").stdout


def test_apple_takes_the_lifetime(made: Project) -> None:
    """Not more than 825 days, even from an authority that the user installed."""
    leaf = made.directory / "tls/local/fullchain.pem"
    assert x509(leaf, "-checkend", str(825 * 86400)).returncode == 1
    assert x509(leaf, "-checkend", str(390 * 86400)).returncode == 0


def x509(certificate: Path, *options: str) -> Done:
    """Ask openssl about a certificate."""
    words = ["openssl", "x509", "-noout", "-in", str(certificate)]
    return run([*words, *options], check=False)

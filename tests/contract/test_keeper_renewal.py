"""Certificates of half a minute, renewed by the keeper's real schedule."""

import re
from dataclasses import dataclass
from itertools import pairwise

import pytest
from cryptography import x509

from tests.contract.keeping import DOMAIN, Keeping, keeping
from tests.contract.watching import Seen, watched

LIFE = 24
PACE = {"SECONDS_BETWEEN_LOOKS": "0.5"}
PRIVATE = (0o600, 0o400)
HEADING = re.compile(rb"^-----BEGIN ([A-Z]+ )*PRIVATE KEY-----$", re.MULTILINE)


@dataclass(frozen=True)
class Renewals:
    """What was seen of a certificate and the two that took its place."""

    kept: Keeping
    certificates: list[x509.Certificate]
    seen: Seen


@pytest.fixture(scope="module")
def renewals(tmp_path_factory: pytest.TempPathFactory, netns: str) -> Renewals:
    kept = keeping(tmp_path_factory.mktemp("renewals"), netns, PACE, life=LIFE)
    found: list[x509.Certificate] = []
    with (
        watched(kept.project.directory) as seen,
        kept.authority.running(),
        kept.reachable(),
        kept.run() as running,
    ):
        for _ in range(3):
            assert kept.is_replaced(found[-1] if found else None, seconds=LIFE), running.text()
            present = kept.certificate()
            assert present is not None
            found.append(present)
            assert kept.serves(present), running.text()
    return Renewals(kept, found, seen)


def test_each_is_replaced_in_good_time(renewals: Renewals) -> None:
    """The first one when the authority advises it (RFC 9773), which Pebble does at any time of so
    short a life; the second one, as the authority is not to be asked again so soon, in the
    second half of it."""
    past = []
    for before, after in pairwise(renewals.certificates):
        life = before.not_valid_after_utc - before.not_valid_before_utc
        past.append((after.not_valid_before_utc - before.not_valid_before_utc) / life)
        assert before.public_key() != after.public_key()
    assert 0.2 < past[0] < 0.95
    assert 0.45 < past[1] < 0.95
    assert "/renewalInfo/" in renewals.kept.authority.log.read_text()
    assert renewals.kept.authority.orders() == 3


def test_no_key_is_for_others_to_read_at_any_moment(renewals: Renewals) -> None:
    """The first key gets its mode with its creation, for nothing changes it later."""
    letsencrypt = renewals.kept.letsencrypt
    assert letsencrypt.stat().st_mode & 0o777 == 0o700
    for number in (1, 2, 3):
        key = letsencrypt / f"archive/{DOMAIN}/privkey{number}.pem"
        assert b"PRIVATE KEY" in key.read_bytes()
        assert key.stat().st_mode & 0o777 == 0o600
        events = renewals.seen.of(key.name)
        assert {event.mode for event in events} <= {0o600}
        if number == 1:
            assert not [event for event in events if "ATTRIB" in event.kinds]
        else:
            # Only the directory of the first one may be newer than the watch over it.
            assert "CREATE" in events[0].kinds
    (account,) = letsencrypt.rglob("private_key.json")
    assert account.stat().st_mode & 0o777 in PRIVATE
    assert {event.mode for event in renewals.seen.of(account.name)} <= set(PRIVATE)


def test_nothing_that_holds_a_key_is_for_others_to_read(renewals: Renewals) -> None:
    files = [path for path in renewals.kept.project.directory.rglob("*") if path.is_file()]
    holding = [path for path in files if HEADING.search(path.read_bytes())]
    assert len(holding) >= 5
    assert not [path for path in holding if path.stat().st_mode & 0o077]

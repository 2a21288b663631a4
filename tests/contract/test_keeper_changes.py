"""Settings change while keeper.py runs: what is served stays until there is something better."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.bed.process import wait_for
from tests.contract.authority import Authority
from tests.contract.keeping import ALIAS, DOMAIN, SOON, THIRD, Keeping, keeping

OTHER = "cameras.example.com"


@pytest.fixture
def kept(tmp_path: Path, netns: str) -> Iterator[Keeping]:
    """One that has its certificate, which nginx serves."""
    made = keeping(tmp_path, netns, {**SOON, "DOUBT_SECONDS": "60", "RETIRE_SECONDS": "3"})
    made.lead_to("127.0.0.1", DOMAIN, ALIAS, THIRD, OTHER)
    with made.authority.running(), made.reachable(), made.run() as running:
        assert made.is_in("ok"), running.text()
        assert made.serves(made.certificate())
        yield made


def test_another_authority_and_back(kept: Keeping, tmp_path: Path, netns: str) -> None:
    """From certbot's own point of view one of them is for trials, and the other is not."""
    staging = Authority(tmp_path / "staging", netns, kept.hosts, port=14001)
    trials = {"certificate": {"authority": f"{staging.url}?for=staging"}}
    real = kept.certificate()
    assert real is not None
    with staging.running():
        kept.change(trials)
        assert kept.is_replaced(real)
        trial = kept.certificate()
        assert trial is not None
        assert trial.issuer != real.issuer
        assert kept.serves(trial)

        kept.change()
        assert kept.is_replaced(trial)
    again = kept.certificate()
    assert again is not None
    assert again.issuer == real.issuer
    assert kept.serves(again)
    assert (staging.orders(), kept.authority.orders()) == (1, 2)


def test_another_kind_of_key_and_a_third_name(kept: Keeping) -> None:
    first = kept.certificate()
    assert first is not None
    assert isinstance(first.public_key(), ec.EllipticCurvePublicKey)
    two = {"site": {"aliases": [ALIAS]}, "certificate": {"key_type": "rsa"}}
    kept.change(two)
    assert kept.is_replaced(first)
    second = kept.certificate()
    assert second is not None
    assert isinstance(second.public_key(), rsa.RSAPublicKey)
    assert set(kept.names()) == {DOMAIN, ALIAS}
    assert kept.serves(second)

    kept.change(two, {"site": {"aliases": [ALIAS, THIRD]}})
    assert kept.is_replaced(second)
    assert set(kept.names()) == {DOMAIN, ALIAS, THIRD}
    assert kept.serves(kept.certificate(), THIRD)
    assert kept.authority.orders() == 3


def test_another_domain(kept: Keeping) -> None:
    """The old certificate serves until the new one is there, and is put away, not deleted."""
    kept.lead_to("::1", OTHER)
    old = kept.certificate()
    key = (kept.letsencrypt / "live" / DOMAIN / "privkey.pem").read_bytes()
    kept.change({"site": {"domain": OTHER}})
    assert kept.is_in("not yet reachable", OTHER)
    assert kept.authority.orders() == 1
    assert kept.serves(old, OTHER)

    kept.lead_to("127.0.0.1", DOMAIN, OTHER)
    assert kept.is_in("ok", OTHER)
    assert kept.serves(kept.certificate(OTHER), OTHER)
    live = kept.letsencrypt / "live"
    assert wait_for(lambda: not (live / DOMAIN).exists(), seconds=60)
    assert kept.serves(kept.certificate(OTHER), OTHER)
    assert {path.name for path in live.iterdir()} == {OTHER, "README"}
    (retired,) = (kept.letsencrypt / "retired").iterdir()
    assert {path.name for path in retired.iterdir()} == {"live", "archive", "renewal"}
    kept_key = retired / "archive" / DOMAIN / "privkey1.pem"
    assert kept_key.read_bytes() == key
    assert kept_key.stat().st_mode & 0o777 == 0o600
    assert kept.state(DOMAIN) == {}

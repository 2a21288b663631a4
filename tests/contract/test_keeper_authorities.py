"""What keeper.py makes of an authority's certificates of several kinds, and of its own root."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.contract.authority import DIRECTORY_URL
from tests.contract.keeping import DOMAIN, SOON, keeping
from tests.unit.letsencrypt import RENEWAL, lineage

DAY = timedelta(days=1)
SIX_DAYS = timedelta(hours=160)
PROFILES = {"tlsserver": 45 * 86400, "shortlived": 160 * 3600}
"""Lives in seconds, as Let's Encrypt's are."""


def test_each_profile_is_asked_for_and_a_change_of_it_takes_effect_at_once(
    tmp_path: Path, netns: str
) -> None:
    made = keeping(tmp_path, netns, SOON, profiles=PROFILES)
    with made.authority.running(), made.reachable(), made.run() as running:
        assert made.is_in("ok"), running.text()
        former = made.certificate()
        for profile, life in (("shortlived", SIX_DAYS), ("tlsserver", 45 * DAY), (None, None)):
            made.change({"certificate": {"profile": profile}})
            assert made.is_replaced(former), running.text()
            former = made.certificate()
            assert former is not None
            lasts = former.not_valid_after_utc - former.not_valid_before_utc
            # Without a name, Pebble takes any of its profiles.
            assert life is None or abs(lasts - life) < timedelta(minutes=1)
            due = made.state()["next_attempt"] - made.state()["last_success"]
            assert 10 * 3600 < due < 15 * 3600
        assert made.authority.orders() == 4


def test_an_authority_without_the_profile_gives_its_usual_certificate_once(
    tmp_path: Path, netns: str
) -> None:
    made = keeping(tmp_path, netns, SOON, {"certificate": {"profile": "classic"}})
    with made.authority.running(), made.reachable():
        for _ in range(2):
            made.state_file.unlink(missing_ok=True)
            with made.run() as running:
                assert made.is_in("ok"), running.text()
        assert made.authority.orders() == 1


@pytest.mark.parametrize(
    ("life", "early", "late"), [(45 * DAY, 0.6, 0.7), (SIX_DAYS, 0.4, 0.55)], ids=["45 d", "160 h"]
)
def test_renewal_is_due_by_the_part_of_a_life_that_is_left(
    life: timedelta, early: float, late: float, tmp_path: Path, netns: str
) -> None:
    """Where the authority has no advice, as here for certificates of somebody else's."""
    made = keeping(tmp_path, netns, SOON)
    noted = RENEWAL.replace("https://ca.example/dir?a=%20b&c=${d}", DIRECTORY_URL)
    with made.authority.running(), made.reachable():
        for passed, orders in ((early, 0), (late, 1)):
            for name in ("live", "archive", "renewal"):
                made.container.run(["rm", "-rf", f"/etc/letsencrypt/{name}"])
            lineage(made.letsencrypt, DOMAIN, now=datetime.now(UTC) - life * passed, life=life)
            (made.letsencrypt / "renewal" / f"{DOMAIN}.conf").write_text(noted)
            for path in made.letsencrypt.rglob("*"):
                os.chown(path, *made.project.owner, follow_symlinks=False)
            made.state_file.unlink(missing_ok=True)
            with made.run() as running:
                assert made.is_in("ok"), running.text()
                # What is overdue would make the service unhealthy.
                assert made.health().stdout == "ok\n"
            assert made.authority.orders() == orders, running.text()


def test_a_private_root_is_trusted_beside_the_public_ones(tmp_path: Path, netns: str) -> None:
    """As for a DNS provider: who is known to everybody goes on being trusted.

    Here that is the authority itself, and the private root is somebody else's.
    """
    made = keeping(tmp_path, netns, SOON)
    public = tmp_path / "ca-certificates.crt"
    public.write_bytes(made.authority.root)
    other = (made.project.directory / "tls/placeholder/fullchain.pem").read_bytes()
    (made.project.directory / "certbot/authority-root.pem").write_bytes(other)
    place = "/etc/ssl/certs/ca-certificates.crt"
    made = replace(made, container=made.container.with_mount(place, public))
    with made.authority.running(), made.reachable(), made.run() as running:
        assert made.is_in("ok"), running.text()
    assert made.certificate() is not None

"""certbot's directory as a backup, another host or the authority left it; keeper.py renews it."""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from nvrstack.migration.around.renewal import read_renewal
from tests.bed.process import Done
from tests.contract.keeping import DOMAIN, SOON, Keeping, keeping
from tests.unit.keeper import lineages, wanted

ACCOUNTS = "accounts/pebble:14000/dir"


@pytest.fixture
def kept(tmp_path: Path, netns: str) -> Keeping:
    """One whose directory a test has in its hands."""
    return keeping(tmp_path, netns, SOON)


def get(kept: Keeping) -> None:
    """Let the keeper look once and for all: what it remembers does not hold it back."""
    kept.state_file.unlink(missing_ok=True)
    with kept.run() as running:
        assert kept.is_in("ok"), running.text()


def make_due(kept: Keeping) -> None:
    """Say in certbot's own file that the certificate is to be renewed from now on."""
    file = renewal(kept)
    file.write_text("renew_before_expiry = 10 years\n" + file.read_text())


def renewal(kept: Keeping) -> Path:
    """certbot's file about how the certificate is renewed."""
    return kept.letsencrypt / "renewal" / f"{DOMAIN}.conf"


def lineages_of(kept: Keeping) -> list[str]:
    """What certbot believes that there is."""
    return sorted(path.stem for path in renewal(kept).parent.iterdir())


def follow_links(kept: Keeping) -> None:
    """Plain files, as `cp -rL` and some backups leave them."""
    live = kept.letsencrypt / "live" / DOMAIN
    for link in live.glob("*.pem"):
        content = link.read_bytes()
        link.unlink()
        link.write_bytes(content)
        shutil.chown(link, *kept.project.owner)


def follow_links_and_leave_the_rest(kept: Keeping) -> None:
    """Nothing but what a server reads, as for a host that certbot never saw."""
    follow_links(kept)
    shutil.rmtree(kept.letsencrypt / "archive")
    for part in ("cert", "chain"):
        (kept.letsencrypt / "live" / DOMAIN / f"{part}.pem").unlink()


def leave_links_out(kept: Keeping) -> None:
    """No links at all, as on a disk that knows none."""
    shutil.rmtree(kept.letsencrypt / "live")


def test_what_a_backup_made_of_links_is_used_and_renewed(kept: Keeping) -> None:
    with kept.authority.running(), kept.reachable():
        get(kept)
        old = kept.certificate()
        for restore in (leave_links_out, follow_links, follow_links_and_leave_the_rest):
            restore(kept)
            get(kept)
            assert kept.authority.orders() == 1
            assert kept.certificate() == old
            assert kept.serves(old)

        make_due(kept)
        get(kept)
        assert kept.authority.orders() == 2
        assert kept.serves(kept.certificate())
    assert kept.certificate() != old
    assert lineages_of(kept) == [DOMAIN]
    for link in (kept.letsencrypt / "live" / DOMAIN).glob("*.pem"):
        assert str(link.readlink()) == f"../../archive/{DOMAIN}/{link.stem}2.pem"


def certbot(kept: Keeping, *options: str) -> Done:
    """Ask for the certificate as the host's own certbot once did."""
    (request,) = wanted.read_wanted(kept.project.text("certbot/certificates.json"))
    command = wanted.certbot_command(request, {})
    without = [*command[: (at := command.index("--key-type"))], *command[at + 2 :]]
    done = kept.by_hand([*without, *options])
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def key_of(kept: Keeping) -> tuple[str, int]:
    """Kind and size of the present key."""
    present = kept.certificate()
    assert present is not None
    key = present.public_key()
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    return "ec" if isinstance(key, ec.EllipticCurvePublicKey) else "rsa", key.key_size


CASES = {
    "kept": (["--elliptic-curve", "secp384r1", "--reuse-key"], "ecdsa"),
    "made anew": (["--key-type", "rsa", "--rsa-key-size", "4096"], "rsa"),
}


@pytest.mark.parametrize(("options", "key_type"), CASES.values(), ids=CASES)
def test_a_key_of_another_size_or_curve_than_usual_is_renewed_so(
    options: Sequence[str], key_type: str, tmp_path: Path, netns: str
) -> None:
    kept = keeping(tmp_path, netns, SOON, {"certificate": {"key_type": key_type}})
    with kept.authority.running(), kept.reachable():
        certbot(kept, *options)
        old, key = kept.certificate(), key_of(kept)
        make_due(kept)
        get(kept)
        assert kept.authority.orders() == 2
        new = kept.certificate()
        assert new is not None
        assert old is not None
        assert key_of(kept) == key
        same = new.public_key() == old.public_key()
        assert same == ("--reuse-key" in options)
        assert ("reuse_key" in lineages.how_issued(kept.letsencrypt, DOMAIN)) == same


def test_another_kind_of_key_is_made_once_and_kept_then(kept: Keeping) -> None:
    with kept.authority.running(), kept.reachable():
        certbot(kept, "--key-type", "rsa", "--reuse-key")
        get(kept)
        second = kept.certificate()
        assert key_of(kept) == ("ec", 256)
        make_due(kept)
        get(kept)
        third = kept.certificate()
    assert second is not None
    assert third is not None
    assert second != third
    assert second.public_key() == third.public_key()


def accounts(kept: Keeping) -> list[str]:
    """The accounts that certbot has."""
    return sorted(path.name for path in (kept.letsencrypt / ACCOUNTS).iterdir())


def test_an_account_that_the_authority_knows_no_more_is_replaced(kept: Keeping) -> None:
    """Pebble forgets all of them when it ends."""
    with kept.reachable():
        with kept.authority.running():
            get(kept)
        (old,) = accounts(kept)
        make_due(kept)
        with kept.authority.running():
            get(kept)
        (new,) = accounts(kept)
    assert new != old
    (place,) = (kept.letsencrypt / "retired").iterdir()
    assert re.match(rf"account-{old}-\d", place.name)
    assert (place / "account/private_key.json").exists()
    assert read_renewal(DOMAIN, renewal(kept).read_text()).account == new
    assert kept.state()["attempts"] == []


def test_of_two_accounts_the_certificates_own_is_used(kept: Keeping) -> None:
    """certbot would ask which, and there is nobody to answer."""
    with kept.authority.running(), kept.reachable():
        get(kept)
        (own,) = accounts(kept)
        kept.container.run(["mv", f"/etc/letsencrypt/{ACCOUNTS}/{own}", "/tmp/own"])
        certbot(kept, "--cert-name", "another", "--force-renewal", "--key-type", "ecdsa")
        (other,) = accounts(kept)
        kept.container.run(["mv", "/tmp/own", f"/etc/letsencrypt/{ACCOUNTS}/{own}"])
        assert accounts(kept) == sorted([own, other])
        for name in (own, other):
            file = renewal(kept)
            file.write_text(re.sub(r"account = .*", f"account = {name}", file.read_text()))
            make_due(kept)
            get(kept)
            assert read_renewal(DOMAIN, file.read_text()).account == name


@pytest.mark.parametrize("email", ["-leading@b.cd", "grüße@b.cd"])
def test_an_email_that_the_authority_refuses_blocks_no_certificate(
    email: str, kept: Keeping
) -> None:
    """As an older nvrstack let it into the project."""
    file = kept.project.directory / "certbot/certificates.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "email": email}))
    with kept.authority.running(), kept.reachable():
        get(kept)
    assert kept.certificate() is not None

"""keeper.py while something is wrong: it says what, asks seldom, and succeeds soon after."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bed.name_server import NameServer
from tests.bed.process import end, run, wait_for
from tests.contract.disks import small_disk
from tests.contract.keeping import DOMAIN, SOON, keeping
from tests.contract.rendered import holders
from tests.contract.space import inside

AT_ONCE = {**SOON, "RETRY_SECONDS": "(0.5,)", "LIMITS": "((3600, 60),)"}
"""Tries again after half a second."""
KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
"""The HMAC key of an account, base64 in the form of RFC 8555 section 7.3.4."""
ACCOUNT = {"certificate": {"eab_key_id": "kid-1"}}


def test_an_authority_that_rejects_half_of_the_nonces(tmp_path: Path, netns: str) -> None:
    """certbot itself tries only once more, so that most attempts fail."""
    stubborn = keeping(tmp_path, netns, AT_ONCE, bad_nonces=50)
    with stubborn.authority.running(), stubborn.reachable(), stubborn.run() as running:
        assert stubborn.is_in("ok", seconds=90), running.text()
    assert stubborn.names() == (DOMAIN,)
    logs = stubborn.state_file.parent.glob("logs/*")
    assert any("badNonce" in log.read_text() for log in logs)


def test_a_wrong_account_is_refused_and_a_corrected_one_is_not_kept_waiting(
    tmp_path: Path, netns: str
) -> None:
    wrong = {"eab_hmac_key": KEY.swapcase()}
    bound = keeping(tmp_path, netns, SOON, ACCOUNT, given=wrong, accounts={"kid-1": KEY})
    with bound.authority.running(), bound.reachable(), bound.run() as running:
        assert bound.is_in("refused"), running.text()
        refused = bound.state()
        assert "external account" in refused["reason"].lower()
        assert refused["next_attempt"] - refused["last_attempt"] > 59
        time.sleep(2)
        assert bound.authority.requests("sign-me-up") == 1

        bound.change(ACCOUNT, given={"eab_hmac_key": KEY})
        assert bound.is_in("ok"), running.text()
    assert bound.authority.requests("sign-me-up") == 2
    for key in (KEY, KEY.swapcase()):
        assert key not in running.text()
        assert set(holders(bound.project.directory, key)) <= {"certbot/eab.ini"}
    assert holders(bound.project.directory, KEY) == {"certbot/eab.ini": 0o600}


@contextmanager
def somebody_else(folder: Path, netns: str) -> Iterator[None]:
    """A web server at the one address here that is not ours."""
    folder.mkdir()
    words = [sys.executable, "-m", "http.server", "80", "--bind", "::1", "--directory", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*inside(netns), *words], stdout=log, stderr=log)
    asked = [*inside(netns), "curl", "--silent", "--noproxy", "*", "http://[::1]/"]
    try:
        assert wait_for(lambda: run(asked, check=False).returncode == 0, seconds=60)
        yield
    finally:
        end([process.pid], seconds=2)
        process.wait(timeout=5)


def test_a_name_that_is_not_known_then_leads_elsewhere_then_here(
    tmp_path: Path, netns: str
) -> None:
    lost = keeping(tmp_path, netns, {**SOON, "DOUBT_SECONDS": "1", "RETRY_SECONDS": "(3600,)"})
    zone = NameServer(tmp_path / "zone", netns)
    lost.lead_to("127.0.0.1")
    with lost.authority.running(), zone.running(), lost.reachable(), lost.run() as running:
        assert lost.is_in("not yet reachable"), running.text()
        assert lost.state()["reason"] == f"the name servers know no address of {DOMAIN}"
        time.sleep(2.5)
        assert lost.state()["attempts"] == []

        with somebody_else(tmp_path / "elsewhere", netns):
            lost.lead_to("::1", DOMAIN)
            assert lost.authority.was_asked(1, seconds=60), running.text()
            assert lost.is_in("not yet reachable"), running.text()
            told = f"something else answers at port 80 of {DOMAIN}"
            assert lost.state()["reason"].startswith(told)
            assert "(the authority: " in lost.state()["reason"]
            # Pebble remembers for five seconds what it read in the hosts file.
            time.sleep(4)
            assert lost.authority.orders() == 1
            assert lost.state()["next_attempt"] - time.time() > 3500

        lost.lead_to("127.0.0.1", DOMAIN)
        assert lost.is_in("ok"), running.text()
        assert lost.authority.orders() == 2


def test_restarts_bring_no_more_attempts_than_are_allowed(tmp_path: Path, netns: str) -> None:
    """Somebody restarts the service every other second, in the midst of attempts, too."""
    eager = keeping(tmp_path, netns, {**AT_ONCE, "LIMITS": "((3600, 2), (86400, 20))"})
    with eager.authority.running():
        for _ in range(5):
            with eager.run():
                time.sleep(1.9)
    # On a busy machine no attempt may come as far as an order in the time that it has.
    assert eager.authority.orders() <= 2
    assert len(eager.state()["attempts"]) == 2


@pytest.mark.parametrize("pages", [2, 4], ids=["account", "certificate"])
def test_a_disk_that_is_full_at_first(tmp_path: Path, netns: str, pages: int) -> None:
    """It is full while certbot writes its account, or the certificate."""
    cramped = keeping(tmp_path, netns, AT_ONCE)
    with small_disk(cramped.letsencrypt, cramped.project.owner) as disk, cramped.reachable():
        disk.fill(pages)
        with cramped.authority.running(), cramped.run() as running:
            assert cramped.is_in("failed"), running.text()
            assert "No space left on device" in cramped.state()["reason"]
            disk.empty()
            assert cramped.is_in("ok"), running.text()
            assert cramped.serves(cramped.certificate())
        assert [path.name for path in (cramped.letsencrypt / "renewal").iterdir()] == [
            f"{DOMAIN}.conf"
        ]


def test_a_disk_that_is_full_at_a_renewal(tmp_path: Path, netns: str) -> None:
    cramped = keeping(tmp_path, netns, AT_ONCE)
    with (
        small_disk(cramped.letsencrypt, cramped.project.owner) as disk,
        cramped.reachable(),
        cramped.authority.running(),
        cramped.run() as running,
    ):
        assert cramped.is_in("ok"), running.text()
        old = cramped.certificate()
        # Room for all but the last file.
        disk.fill(3)
        cramped.change({"certificate": {"key_type": "rsa"}})
        assert cramped.is_in("failed"), running.text()
        assert cramped.serves(old)
        disk.empty()
        assert cramped.is_replaced(old), running.text()
        assert cramped.serves(cramped.certificate()), running.text()


def test_where_nothing_can_be_remembered_nothing_is_asked(tmp_path: Path, netns: str) -> None:
    forgetful = keeping(tmp_path, netns, AT_ONCE)
    state = forgetful.state_file.parent
    with small_disk(state, forgetful.project.owner) as disk, forgetful.reachable():
        disk.fill(0)
        with forgetful.authority.running(), forgetful.run() as running:
            assert running.says("No space left on device", times=2)
            assert forgetful.authority.orders() == 0
            disk.empty()
            assert forgetful.is_in("ok"), running.text()

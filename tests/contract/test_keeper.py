"""keeper.py with the real certbot and Pebble: patient, and never more eager than allowed."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bed.process import wait_for
from tests.contract.container import session
from tests.contract.keeping import ALIAS, DOMAIN, SOON, Keeping, keeping


@pytest.fixture
def quick(tmp_path: Path, netns: str) -> Keeping:
    """One that looks often; its waits after a failure are the real ones."""
    return keeping(tmp_path, netns, SOON)


def test_the_first_certificate_and_then_one_with_other_names(quick: Keeping) -> None:
    # What a power cut leaves is no obstacle.
    quick.state_file.write_text('{"certificates": {"nvr.exa')
    with quick.reachable(), quick.run() as running:
        assert quick.is_in("authority unreachable"), running.text()
        assert quick.state()["last_attempt"] is None
        assert quick.health().returncode == 0
        with quick.authority.running():
            assert quick.is_in("ok"), running.text()
            assert quick.names() == (DOMAIN,)
            first = quick.state()
            assert quick.health().stdout == "ok\n"

            quick.change({"site": {"aliases": [ALIAS]}})
            assert wait_for(lambda: ALIAS in quick.names(), seconds=60), running.text()
            assert quick.is_in("ok")
            assert set(quick.names()) == {DOMAIN, ALIAS}
            assert quick.authority.orders() == 2
    assert "authority unreachable" in running.text()
    assert (first["failures"], first["obstacle_since"]) == (0, None)
    assert 10 * 3600 < first["next_attempt"] - time.time() < 15 * 3600
    assert 89 * 86400 < first["not_after"] - first["not_before"] <= 90 * 86400
    assert quick.state()["request"] != first["request"]
    assert_private(quick.letsencrypt)


def assert_private(directory: Path) -> None:
    """Nobody but the owner reads a key."""
    keys = [path for path in directory.rglob("priv*") if path.is_file() and not path.is_symlink()]
    assert {path.name for path in keys} >= {"privkey1.pem", "privkey2.pem", "private_key.json"}
    # certbot writes the account's key for reading alone.
    assert {path.stat().st_mode & 0o777 for path in keys} <= {0o600, 0o400}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory, netns: str) -> Keeping:
    """Nobody answers the challenge; Docker, or somebody impatient, restarts the service."""
    made = keeping(tmp_path_factory.mktemp("refused"), netns, SOON)
    with made.authority.running():
        for _ in range(4):
            with made.run() as running:
                assert made.is_in("not yet reachable"), running.text()
                # Looks go on, several each second.
                time.sleep(0.7)
    return made


def test_restarts_during_failures_bring_no_further_attempt(refused: Keeping) -> None:
    assert refused.authority.orders() == 1
    state = refused.state()
    assert state["failures"] == 1
    assert 59 <= state["next_attempt"] - state["last_attempt"] <= 73
    assert state["reason"].startswith(
        f"port 80 of {DOMAIN} did not answer: is TCP port 80 forwarded"
    )
    assert "connection refused" in state["reason"]


def test_health_tells_after_an_hour_why_there_is_no_certificate(refused: Keeping) -> None:
    health = refused.health()
    assert (health.returncode, health.stdout) == (0, "ok\n")
    saved = json.loads(refused.state_file.read_text())
    saved["certificates"][DOMAIN]["since"] -= 3700
    refused.state_file.write_text(json.dumps(saved))
    health = refused.health()
    assert health.returncode == 1
    assert "no certificate yet" in health.stdout
    assert "connection refused" in health.stdout
    long_ago = time.time() - 1300
    os.utime(refused.state_file, (long_ago, long_ago))
    assert "not looked after for twenty minutes" in refused.health().stdout


def test_it_heals_when_the_cause_goes_away(tmp_path: Path, netns: str) -> None:
    patient = keeping(tmp_path, netns, {**SOON, "RETRY_SECONDS": "(2,)"})
    with patient.authority.running(), patient.run() as running:
        assert patient.is_in("not yet reachable", seconds=20), running.text()
        with patient.reachable():
            assert patient.is_in("ok", seconds=20), running.text()
        assert patient.state()["failures"] == 0
        assert patient.authority.orders() == 2


def test_killed_in_the_middle_a_later_attempt_succeeds(tmp_path: Path, netns: str) -> None:
    robust = keeping(tmp_path, netns, {**SOON, "RETRY_SECONDS": "(1,)"})
    moments: list[Callable[[], bool]] = [
        lambda: robust.authority.orders() > 0,
        lambda: robust.authority.requests("finalize-order") > 0,
        (robust.letsencrypt / "archive" / DOMAIN).exists,
    ]
    with robust.reachable(), robust.authority.running():
        for failures, moment in enumerate(moments, start=1):
            with robust.run() as running:
                assert wait_for(moment, seconds=15, every=0.001), running.text()
                # The end of a container's first process is the end of all.
                for pid in session(running.process.pid):
                    os.kill(pid, signal.SIGKILL)
                assert running.ended(seconds=10) == -signal.SIGKILL
            assert robust.state()["result"] == "interrupted"
            assert robust.state()["failures"] == failures
        with robust.run() as running:
            assert robust.is_in("ok", seconds=20), running.text()
        assert robust.serves(robust.certificate())
    assert robust.names() == (DOMAIN,)
    assert [path.name for path in (robust.letsencrypt / "renewal").iterdir()] == [f"{DOMAIN}.conf"]


def test_it_ends_at_once_while_certbot_is_at_work(quick: Keeping) -> None:
    with quick.authority.running(), quick.run() as running:
        assert quick.is_in("interrupted"), running.text()
        running.process.terminate()
        assert running.ended(seconds=10) == 0
        assert not session(running.process.pid)

"""run.sh when the Internet is not there yet: the provider is told soon after it comes."""

from pathlib import Path

from tests.bed.process import wait_for
from tests.contract.updater import provider, updater


def test_the_internet_may_come_later_than_ddclient(tmp_path: Path, netns: str) -> None:
    made = updater(tmp_path, netns)
    script = made.project.directory / "ddclient/run.sh"
    text = script.read_text()
    assert "seconds_without_address=30" in text
    script.write_text(text.replace("seconds_without_address=30", "seconds_without_address=5"))
    with made.run() as running:
        assert made.ran(), running.text()
        assert wait_for(lambda: "unable to determine IP" in running.text(), seconds=5)
        with provider(tmp_path, netns) as server:
            # The interval is five minutes; an address that was never found does not wait for it.
            assert server.was_asked(1, seconds=20), running.text()
    assert made.health().stdout == "ok\n"

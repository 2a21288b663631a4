"""An update is believed when the name's own name servers say it: BIND and its dig are asked."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bed.mirror import download
from tests.bed.name_server import NameServer
from tests.bed.paths import cache_dir
from tests.bed.process import run, wait_for
from tests.bed.rootfs import SUITE
from tests.contract.updater import ADDRESS, HOST, Provider, Updater, provider, updater

OLD = "192.31.196.1"
PACE = {"ASK_AGAIN": "1;", "LONGEST_ASK": "1;"}
SOON = {**PACE, "PUBLISHING": "2;"}


@pytest.fixture(scope="module")
def dig() -> dict[Path, str]:
    """The program with its libraries, which the pinned image has from Alpine's bind-tools."""
    folder = cache_dir() / f"dig-{SUITE}"
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(partial, ignore_errors=True)
        for package in download(SUITE, "bind9-dnsutils", "bind9-libs"):
            run(["dpkg-deb", "--extract", package, partial])
        partial.rename(folder)
    files = [folder / "usr/bin/dig", *folder.glob("usr/lib/*/*.so")]
    return {file: f"/{file.relative_to(folder)}" for file in files}


@pytest.fixture
def server(tmp_path: Path, netns: str) -> Iterator[Provider]:
    with provider(tmp_path, netns) as made:
        yield made


def says(made: Updater, words: str, *, code: int = 0) -> bool:
    """Wait until the health check says so."""

    def said() -> bool:
        health = made.health()
        return (health.returncode, words in health.stdout) == (code, True)

    return wait_for(said, seconds=20)


def test_a_word_is_believed_when_the_name_servers_say_the_same(
    server: Provider, dig: dict[Path, str], tmp_path: Path, netns: str
) -> None:
    made = updater(tmp_path, netns, pace=SOON, tools=dig)
    zone = NameServer(tmp_path / "zone", netns, {HOST: OLD})
    with made.run() as running:
        with zone.running():
            assert says(made, f"which its name servers do not say yet: ns.example.com says {OLD}")
            assert says(made, "which its name servers do not say for ", code=1)
        with NameServer(tmp_path / "zone", netns, {HOST: ADDRESS}).running():
            assert says(made, "ok\n")
            assert made.host()["name_servers"]["answer"] == "ns.example.com"
        assert says(made, "whether its name servers say so is not known: your resolver: ")
        # Somebody else's hand in the records is seen too.
        with zone.running():
            assert says(made, "which its name servers do not say for ", code=1), running.text()
    assert len(server.updates()) == 1


def test_what_cannot_be_asked_is_not_known(
    server: Provider, dig: dict[Path, str], tmp_path: Path, netns: str
) -> None:
    home = NameServer(tmp_path / "zone", netns, {HOST: "192.168.1.20"})
    other = NameServer(tmp_path / "zone", netns, zone="example.org")
    unknown = "whether its name servers say so is not known: "
    with updater(tmp_path, netns, pace=PACE).run() as running:
        assert running.says(f"{HOST}: its name servers: unknown: your resolver: dig: No such file")
    made = updater(tmp_path, netns, pace=PACE, tools=dig)
    with made.run() as running:
        with home.running():
            assert says(made, f"{unknown}ns.example.com says 192.168.1.20 to you"), running.text()
        with other.running():
            assert says(made, f"{unknown}your resolver: says REFUSED"), running.text()
    assert len(server.updates()) == 1

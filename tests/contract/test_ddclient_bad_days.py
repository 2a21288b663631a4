"""run.pl on bad days: a full disk, a clock that is set, half of what it needs, odd words."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.bed.process import run, wait_for
from tests.contract.disks import small_disk
from tests.contract.updater import ADDRESS, HOST, PORT, SERVER, Provider, Updater, provider, updater

PAGE = f"http://{SERVER}:{PORT}/ip"
YEAR = 365 * 86400
CLOCK = """package Clock;
BEGIN {
    *CORE::GLOBAL::time = sub () {
        open my $file, '<', '/clock/step';
        return CORE::time() + <$file>;
    };
}
1;
"""
"""A clock that is set by writing into a file. ddclient has it too, through Perl's own settings."""


@pytest.fixture
def server(tmp_path: Path, netns: str) -> Iterator[Provider]:
    with provider(tmp_path, netns) as made:
        yield made


def looks(server: Provider, times: int) -> bool:
    """Wait until the address was looked up so many times more."""
    before = len(server.requests("/ip"))
    return wait_for(lambda: len(server.requests("/ip")) >= before + times, seconds=15)


def test_with_a_full_disk_an_address_is_told_once(
    server: Provider, tmp_path: Path, netns: str
) -> None:
    made = updater(tmp_path, netns)
    with small_disk(made.project.directory / "data/ddclient", made.project.owner) as disk:
        disk.fill(0)
        with made.run() as running:
            assert server.was_asked(1), running.text()
            assert looks(server, 3), running.text()
            assert len(server.updates()) == 1
            health = made.health()
            assert health.returncode == 1
            assert health.stdout.startswith("what the provider was told cannot be noted (")
            assert "No space left on device), and each restart tells it again\n" in health.stdout
            assert running.text().count("No space left on device") == 1
            disk.empty()
            assert made.comes_to("good"), running.text()
            assert made.health().returncode == 0
    assert len(server.updates()) == 1


@pytest.fixture
def clocked(tmp_path: Path, netns: str) -> Updater:
    """An updater whose clock is set by writing seconds to `clock/step`."""
    made = updater(tmp_path, netns, "own", pace={"REFRESH": "86400;"})
    folder = tmp_path / "clock"
    folder.mkdir()
    (folder / "Clock.pm").write_text(CLOCK)
    (folder / "step").write_text("0")
    container = made.container.with_mount("/clock", folder)
    env = {**container.env, "PERL5OPT": "-I/clock -MClock"}
    return replace(made, container=replace(container, env=env))


@pytest.mark.parametrize("step", [-YEAR, YEAR])
def test_a_clock_that_is_set_stops_nothing_and_repeats_nothing(
    step: int, server: Provider, clocked: Updater, tmp_path: Path
) -> None:
    with clocked.run() as running:
        assert clocked.comes_to("good"), running.text()
        (tmp_path / "clock/step").write_text(str(step))
        assert looks(server, 2), running.text()
        assert wait_for(lambda: clocked.health().returncode == 0, seconds=5)
        assert len(server.updates()) == 1
        server.answers(address="192.31.196.99")
        assert server.was_asked(2), running.text()


def test_times_that_are_yet_to_come_are_not_waited_for(
    server: Provider, clocked: Updater, tmp_path: Path
) -> None:
    step = tmp_path / "clock/step"
    step.write_text(str(YEAR))
    with clocked.run() as running:
        assert clocked.comes_to("good"), running.text()
    step.write_text("0")
    assert "in the future: the clock was set back" in clocked.health().stdout
    with clocked.run() as running:
        # Nobody knows whether that was within the month.
        assert server.was_asked(2), running.text()
        assert looks(server, 2), running.text()
        assert wait_for(lambda: clocked.health().returncode == 0, seconds=5)
    assert len(server.updates()) == 2


SPECIAL = {
    "192.0.0.2", "198.18.0.1", "198.19.255.254", "192.0.2.1", "203.0.113.9", "255.255.255.255",
    "10.1.1.1", "2001:db8::1", "2002:a00:1::1", "2001::1", "fd00::1", "3fff::1", "fe80::1", "::1",
}  # fmt: skip
PUBLIC = {
    "191.255.255.255", "192.0.1.1", "198.17.1.1", "198.20.0.1", "172.32.0.1", "2001:200::1",
}  # fmt: skip


def test_an_address_of_a_special_registry_is_no_home(tmp_path: Path, netns: str) -> None:
    (tmp_path / "ask.pl").write_text(
        "use lib '/etc/nvrstack/ddclient'; use Addresses;"
        "print map { Addresses::is_public(/:/ ? 'ipv6' : 'ipv4', $_) ? qq($_\\n) : '' } @ARGV"
    )
    made = updater(tmp_path, netns).container.with_mount("/ask.pl", tmp_path / "ask.pl")
    assert set(made.run(["perl", "/ask.pl", *SPECIAL, *PUBLIC]).stdout.split()) == PUBLIC


def test_an_address_is_found_in_any_sentence_and_spelling(tmp_path: Path, netns: str) -> None:
    shown = f"IPv4:{ADDRESS}:80, 1.2.3.4.5, v1.2.3. IPv6:2620:004F:8000:0::63. (2620:4f:8000::64):"
    (tmp_path / "ask.pl").write_text(
        "use lib '/etc/nvrstack/ddclient'; use Addresses;"
        "print map { (join(' ', Addresses::addresses_in($_, $ARGV[0])), qq(\\n)) } qw(ipv4 ipv6)"
    )
    made = updater(tmp_path, netns).container.with_mount("/ask.pl", tmp_path / "ask.pl")
    found = made.run(["perl", "/ask.pl", shown]).stdout.splitlines()
    assert found == [ADDRESS, "2620:4f:8000::63 2620:4f:8000::64"]


@pytest.mark.parametrize(
    ("shown", "after"),
    [
        (f"Ihre Adresse lautet {ADDRESS}.", ""),
        (f"Büro 192.0.2.7, Straßenseite: {ADDRESS}", "Straßenseite"),
        (f"<td>Öffentliche IP</td><td>{ADDRESS}:8080</td>", "Öffentliche IP"),
    ],
)
def test_a_page_in_another_language_is_understood(
    shown: str, after: str, server: Provider, tmp_path: Path, netns: str
) -> None:
    server.answers(address=shown)
    source: dict[str, Any] = {"router_page": PAGE, "router_text": after or None}
    made = updater(tmp_path, netns, "own", {"ddns": source})
    with made.run() as running:
        assert made.comes_to("good"), running.text()
        if after:
            server.answers(address="please sign in")
            assert made.comes_to("no-address"), running.text()
            assert f"says nowhere: {after}" in running.text()
    assert server.updates()[0]["query"]["myip"] == ADDRESS


def test_a_family_without_an_address_is_told_of(
    server: Provider, tmp_path: Path, netns: str
) -> None:
    source = {"interface": "wan1", "families": ["ipv4", "ipv6"]}
    made = updater(tmp_path, netns, "own", {"ddns": source})
    ip = ["ip", "-n", netns]
    run([*ip, "link", "add", "wan1", "type", "veth", "peer", "name", "isp1"])
    run([*ip, "address", "add", f"{ADDRESS}/32", "dev", "wan1"])
    for end in ("wan1", "isp1"):
        run([*ip, "link", "set", end, "up"])
    with made.run() as running:
        assert made.comes_to("good"), running.text()
        assert "the interface wan1 has no public address of ipv6" in running.text()
        assert wait_for(lambda: made.health().returncode == 1, seconds=15)
        assert made.health().stdout.startswith("no address of ipv6 for ")
        run([*ip, "address", "add", "2620:4f:8000::63/64", "dev", "wan1", "nodad"])
        both = {"ipv4": ADDRESS, "ipv6": "2620:4f:8000::63"}
        assert wait_for(lambda: made.host(HOST)["addresses"] == both, seconds=15)
        assert wait_for(lambda: made.health().returncode == 0, seconds=5)

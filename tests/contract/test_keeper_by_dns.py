"""DNS-01 with certbot's own plugin, a real name server, and an authority that asks it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nvrstack.migration.around.renewal import with_dns
from tests.bed.name_server import SECRET, NameServer
from tests.bed.process import run, wait_for
from tests.contract.container import session
from tests.contract.keeping import ALIAS, DOMAIN, SOON, Keeping, keeping
from tests.contract.rendered import holders

WRONG = "bm90IHdoYXQgdGhlIHpvbmUga25vd3MsIDMyIGJ5dGU="
BY_DNS = {
    "site": {"aliases": ["*.example.com"]},
    "certificate": {
        "challenge": "dns-01",
        "dns_provider": "rfc2136",
        "dns_propagation": "1s",
    },
}


@pytest.fixture
def zone(tmp_path: Path, netns: str) -> Iterator[NameServer]:
    """A name server that knows where the domain is, and of no challenge by itself."""
    server = NameServer(tmp_path / "zone", netns, {DOMAIN: "127.0.0.1"})
    with server.running():
        yield server


@pytest.fixture
def asked(tmp_path: Path, netns: str, zone: NameServer) -> Iterator[Keeping]:
    """A keeper whose authority asks that name server."""
    kept = keeping(tmp_path, netns, SOON, name_server=zone.where)
    with kept.authority.running():
        yield kept


def test_what_the_host_proved_by_dns_is_kept_until_it_is_due(
    asked: Keeping, zone: NameServer
) -> None:
    asked.change(BY_DNS, given={"dns_credentials": zone.credentials()})
    with asked.run() as running:
        assert asked.is_in("ok"), running.text()
    first, orders = asked.certificate(), asked.authority.orders()
    file = asked.letsencrypt / "renewal" / f"{DOMAIN}.conf"
    # As the host's certbot would have it, whose file of credentials is elsewhere.
    hosts = re.sub("dns_rfc2136_credentials = .*", "dns_rfc2136_credentials = /root/x.ini",
                   file.read_text())  # fmt: skip
    assert "/root/x.ini" in hosts
    file.write_text(with_dns(hosts, "dns-rfc2136"))
    assert "/root/x.ini" not in file.read_text()
    asked.state_file.unlink()
    with asked.run() as running:
        assert asked.is_in("ok"), running.text()
    assert (asked.certificate(), asked.authority.orders()) == (first, orders)

    # Another name makes it due at once: with the project's own credentials.
    names = {**BY_DNS, "site": {"aliases": ["*.example.com", ALIAS]}}
    asked.change(names, given={"dns_credentials": zone.credentials()})
    with asked.run() as running:
        assert asked.is_replaced(first), running.text()
    assert ALIAS in asked.names()


def words_of(process: int) -> str:
    """The command lines of everything that a service runs."""
    pids = ",".join(map(str, session(process)))
    return run(["ps", "-ww", "-o", "args=", "-p", pids], check=False).stdout


def test_from_port_80_to_dns_with_a_wildcard(asked: Keeping, zone: NameServer) -> None:
    with asked.run() as running:
        with asked.reachable():
            assert asked.is_in("ok"), running.text()
        first = asked.certificate()
        shown: list[str] = []

        def refused() -> bool:
            shown.append(words_of(running.process.pid))
            return bool(asked.state()["result"] == "failed")

        asked.change(BY_DNS, given={"dns_credentials": zone.credentials(WRONG)})
        assert wait_for(refused, seconds=20, every=0.05), running.text()
        assert asked.state()["reason"] == (
            "Encountered error adding TXT record: The peer didn't like the signature we sent"
        )
        assert asked.certificate() == first
        assert asked.authority.orders() == 2
        assert any("--dns-rfc2136-credentials" in words for words in shown)

        # Nothing listens at port 80 any more.
        asked.change(BY_DNS, given={"dns_credentials": zone.credentials()})
        assert asked.is_replaced(first), running.text()
        assert set(asked.names()) == {DOMAIN, "*.example.com"}
    for secret in (WRONG, SECRET):
        assert secret not in "".join(shown) + running.text()
    assert holders(asked.project.directory, SECRET) == {"certbot/dns-credentials": 0o600}
    assert holders(asked.project.directory, WRONG) == {}

"""Where the address comes from: services with fallback, the router's page, an interface."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bed.process import run, wait_for
from tests.contract.updater import ADDRESS, HOST, PORT, SERVER, Provider, provider, updater

SERVICE = f"http://{SERVER}:{PORT}"
CLOSED = f"http://{SERVER}:1/"


@pytest.fixture
def server(tmp_path: Path, netns: str) -> Iterator[Provider]:
    with provider(tmp_path, netns) as made:
        yield made


def from_(**source: Any) -> dict[str, Any]:
    """Settings with another source."""
    return {"ddns": source}


def test_the_next_service_is_asked_when_one_fails(
    server: Provider, tmp_path: Path, netns: str
) -> None:
    services = [CLOSED, f"{SERVICE}/nothing", f"{SERVICE}/ip", f"{SERVICE}/not-asked"]
    made = updater(tmp_path, netns, "own", from_(address_services=services))
    with made.run() as running:
        assert made.comes_to("good"), running.text()
    assert made.state["addresses"] == {"ipv4": ADDRESS}
    assert server.requests("/nothing")
    assert server.requests("/not-asked") == []


@pytest.mark.parametrize("address", ["192.168.1.2", "10.0.0.1", "172.20.0.1", "100.64.9.9"])
def test_an_address_of_a_home_is_never_told(
    address: str, server: Provider, tmp_path: Path, netns: str
) -> None:
    server.answers(address=address)
    made = updater(tmp_path, netns)
    with made.run() as running:
        assert made.comes_to("no-address"), running.text()
    said = f"{SERVICE}/ip: shows {address}, which is not reachable from the Internet"
    assert said in made.health().stdout
    assert server.updates() == []


def test_the_routers_page_tells_it_behind_certain_words(
    server: Provider, tmp_path: Path, netns: str
) -> None:
    server.answers(address="LAN 192.168.1.1<br>WAN IP</td><td>192.31.196.50</td>")
    source = from_(router_page=f"{SERVICE}/ip", router_text="WAN IP")
    made = updater(tmp_path, netns, "own", source)
    with made.run() as running:
        assert made.comes_to("good"), running.text()
        assert server.updates()[0]["query"]["myip"] == "192.31.196.50"
        server.answers(address="please sign in")
        assert made.comes_to("no-address"), running.text()
    assert made.host()["answer"] == f"{SERVICE}/ip: says nowhere: WAN IP"


def test_the_routers_page_may_want_a_login(server: Provider, tmp_path: Path, netns: str) -> None:
    """The update's own address is such a page."""
    page = f"{SERVICE}/nic/update?hostname={HOST}&myip=192.31.196.51"
    made = updater(tmp_path, netns, "own", from_(router_page=page, router_login="me"))
    assert made.project.files["ddclient/settings.json"].mode == 0o600
    with made.run() as running:
        assert made.comes_to("good"), running.text()
    assert made.state["addresses"] == {"ipv4": "192.31.196.51"}


def test_an_interface_has_it_in_both_families(server: Provider, tmp_path: Path, netns: str) -> None:
    source = from_(interface="wan0", families=["ipv4", "ipv6"])
    made = updater(tmp_path, netns, "own", source)
    ip = ["ip", "-n", netns]
    run([*ip, "link", "add", "wan0", "type", "veth", "peer", "name", "isp0"])
    with made.run() as running:
        assert made.comes_to("no-address"), running.text()
        assert "the interface wan0 has no public address of ipv4" in made.health().stdout
        run([*ip, "address", "add", "192.31.196.61/32", "dev", "wan0"])
        for address in ("fd00::61", "2620:4f:8000::61"):
            run([*ip, "address", "add", f"{address}/64", "dev", "wan0", "nodad"])
        for end in ("wan0", "isp0"):
            run([*ip, "link", "set", end, "up"])
        assert made.comes_to("good"), running.text()
        (update,) = server.updates()
        assert update["query"]["myip"] == "192.31.196.61,2620:4f:8000::61"
        # One of the two changes, and both are told.
        run([*ip, "address", "delete", "2620:4f:8000::61/64", "dev", "wan0"])
        run([*ip, "address", "add", "2620:4f:8000::62/64", "dev", "wan0", "nodad"])
        both = {"ipv4": "192.31.196.61", "ipv6": "2620:4f:8000::62"}
        # It is written down a moment after the provider was asked.
        assert wait_for(lambda: made.host()["addresses"] == both, seconds=60), running.text()
    assert len(server.updates()) == 2

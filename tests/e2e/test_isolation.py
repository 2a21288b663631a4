"""The port on which Moonfire believes what it is told is reached by nginx alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bed.bed import Bed
from tests.bed.network import POOL
from tests.e2e import probing
from tests.e2e.project import FIRST_CLIENT, SECOND_CLIENT, Project
from tests.e2e.waiting import wait_until
from tests.e2e.world import DYNDNS_PORT

OTHER_PORT = 8099
CLOSED = {"ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "timed out"}


def address(project: Project, service: str, network: str) -> str:
    networks = project.container(service)["NetworkSettings"]["Networks"]
    found = networks[f"{project.name}_{network}"]["IPAddress"]
    assert isinstance(found, str)
    assert found
    return found


@pytest.fixture(scope="module")
def moonfire(public: Project) -> list[str]:
    """Every address at which Moonfire's port might be, that on the private network first."""
    networks = public.container("moonfire-nvr")["NetworkSettings"]["Networks"]
    names = sorted(networks, key=lambda name: not name.endswith("_backend"))
    found = [f"{networks[name]['IPAddress']}:8080" for name in names]
    assert len(found) >= 2
    return found


@pytest.fixture(scope="module")
def beside(public: Project, bed: Bed) -> Iterator[str]:
    """Something that listens where Moonfire is, on all of its addresses: what reaches this
    cannot reach 8080 only because that is bound to one address."""
    with probing.listener_beside(bed, public.container("moonfire-nvr")["Id"], OTHER_PORT):
        yield f"{address(public, 'moonfire-nvr', 'cameras')}:{OTHER_PORT}"


@pytest.mark.parametrize("netns", [FIRST_CLIENT, SECOND_CLIENT])
def test_only_two_ports_are_open_on_the_lan(public: Project, bed: Bed, netns: str) -> None:
    assert probing.open_ports(bed, netns, public.address) == [80, 443]


def test_only_nginx_is_on_the_networks_that_matter(public: Project) -> None:
    on = {
        service: sorted(public.container(service)["NetworkSettings"]["Networks"])
        for service in ("nginx", "moonfire-nvr", "certbot", "ddclient")
    }
    assert on == {
        "nginx": [f"{public.name}_backend", f"{public.name}_edge"],
        "moonfire-nvr": [f"{public.name}_backend", f"{public.name}_cameras"],
        "certbot": [f"{public.name}_outbound"],
        "ddclient": [f"{public.name}_outbound"],
    }


def test_the_probe_can_find_moonfire(public: Project, bed: Bed, moonfire: list[str]) -> None:
    """On the private network itself it answers: so the silence elsewhere means something."""
    found = probing.from_network(bed, f"{public.name}_backend", moonfire[0])
    assert found == {moonfire[0]: "open"}


def test_a_container_beside_the_cameras_does_not_reach_moonfire(
    public: Project, bed: Bed, moonfire: list[str], beside: str
) -> None:
    network = f"{public.name}_cameras"
    found = probing.from_network(bed, network, beside, *moonfire, "moonfire-nvr:8080")
    assert found.pop(beside) == "open", "Moonfire's own address there can be reached"
    assert found[moonfire[1]] == "ECONNREFUSED"
    assert set(found.values()) <= CLOSED, found


@pytest.mark.parametrize("network", ["edge", "outbound"])
def test_a_container_elsewhere_does_not_reach_moonfire(
    public: Project, bed: Bed, moonfire: list[str], network: str
) -> None:
    internet = f"{bed.internet_address}:{DYNDNS_PORT}"
    found = probing.from_network(bed, f"{public.name}_{network}", internet, *moonfire)
    assert found.pop(internet) == "open", "the probe has a way out"
    assert set(found.values()) <= CLOSED, found


def test_a_neighbour_with_a_route_to_docker_does_not_reach_moonfire(
    public: Project, bed: Bed, moonfire: list[str]
) -> None:
    backend = f"{moonfire[0].partition(':')[0]}/32"
    routes = [[network, "via", public.address] for network in (POOL, backend)]
    with probing.reached_by_route(bed) as control:

        def is_there() -> bool:
            return probing.from_client(bed, FIRST_CLIENT, control)[control] == "open"

        try:
            for route in routes:
                public.world.ip(FIRST_CLIENT, "route", "replace", *route)
            wait_until("a way into Docker's networks", is_there, seconds=10)
            found = probing.from_client(bed, FIRST_CLIENT, *moonfire)
        finally:
            for route in routes:
                public.world.ip(FIRST_CLIENT, "route", "delete", *route)
    assert set(found.values()) <= CLOSED, found


def test_the_private_network_has_no_way_out(public: Project, bed: Bed) -> None:
    internet = f"{bed.internet_address}:{DYNDNS_PORT}"
    found = probing.from_network(bed, f"{public.name}_backend", internet)
    assert set(found.values()) <= CLOSED, found

"""What breaks while it runs comes back without a hand. The public stack is left as it was."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.bed.bed import Bed
from tests.bed.images import TOOLS
from tests.e2e.project import ADMIN, ADMIN_PASSWORD, FIRST_CLIENT, SECOND_CLIENT, Project
from tests.e2e.waiting import Stopwatch, wait_until

SERVICES = ("nginx", "moonfire-nvr", "certbot", "ddclient")


@pytest.fixture(autouse=True)
def as_before(public: Project) -> Iterator[None]:
    """Whatever was done to it: the same certificate, no further update, clients as themselves."""
    before = public.certificate()
    yield
    wait_until("Moonfire's answer", public.serves, seconds=30)
    assert public.certificate() == before
    assert public.issuer() == "authority"
    assert len(public.world.updates(public.domain)) == 1
    for netns in (FIRST_CLIENT, SECOND_CLIENT):
        told = public.request(netns, "/api/request").value("addr")
        assert told == f"Some({public.world.bed.client_addresses[netns]})"
    assert public.log_in(ADMIN, ADMIN_PASSWORD).status == 204


def address(project: Project, service: str, network: str) -> str:
    networks = project.container(service)["NetworkSettings"]["Networks"]
    found: str = networks[f"{project.name}_{network}"]["IPAddress"]
    return found


@contextmanager
def squatter(bed: Bed, network: str) -> Iterator[str]:
    """A container that takes the next free address of a network."""
    options = ["--detach", "--rm", "--network", network, TOOLS, "sleep", "300"]
    identity = bed.docker("run", *options).stdout.strip()
    try:
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        yield bed.docker("inspect", "--format", form, identity).stdout.strip()
    finally:
        bed.docker("rm", "--force", identity)


@pytest.mark.parametrize(("service", "network"), [("moonfire-nvr", "cameras"), ("nginx", "edge")])
def test_a_new_container_with_another_address_is_served(
    public: Project, bed: Bed, service: str, network: str
) -> None:
    before = address(public, service, network)
    fixed = address(public, service, "backend")
    identity = public.container(service)["Id"]
    public.compose("rm", "--force", "--stop", service)
    with squatter(bed, f"{public.name}_{network}") as taken:
        assert taken == before, "the old address was to be taken"
        public.up()
        wait_until("Moonfire's answer", public.serves, seconds=20)
        assert address(public, service, network) != before
        assert address(public, service, "backend") == fixed
    assert public.container(service)["Id"] != identity


@pytest.mark.parametrize("service", ["moonfire-nvr", "nginx"])
def test_a_recreated_container_is_served(public: Project, service: str) -> None:
    others = {name: public.container(name)["Id"] for name in SERVICES if name != service}
    before = public.container(service)["Id"]
    public.up("--force-recreate", "--no-deps", service)
    wait_until("Moonfire's answer", public.serves, seconds=20)
    assert public.container(service)["Id"] != before
    assert {name: public.container(name)["Id"] for name in others} == others


def test_all_containers_recreated_are_served(public: Project) -> None:
    public.up("--force-recreate")
    wait_until("Moonfire's answer", public.serves, seconds=20)


def test_what_was_taken_down_comes_up(public: Project) -> None:
    """`down -v` loses nothing either: what cannot be made again is in `data`."""
    public.compose("down", "--volumes", "--timeout", "10")
    public.up()


def first_process(project: Project, service: str) -> int:
    """Return the process whose end ends the container."""
    pid: int = project.container(service)["State"]["Pid"]
    return pid


def nginx_master(project: Project) -> int:
    """Return nginx itself; the container's first process is the script that looks after it."""
    identity = project.container("nginx")["Id"]
    shown = project.world.bed.docker("top", identity, "-eo", "pid,args").stdout.splitlines()
    (line,) = [line for line in shown if "nginx: master process" in line]
    return int(line.split()[0])


VICTIMS: dict[str, Callable[[Project], int]] = {
    "nginx": lambda project: first_process(project, "nginx"),
    "nginx's master": nginx_master,
    "moonfire-nvr": lambda project: first_process(project, "moonfire-nvr"),
    "certbot": lambda project: first_process(project, "certbot"),
    "ddclient": lambda project: first_process(project, "ddclient"),
}


@pytest.mark.parametrize("who", VICTIMS)
def test_a_crash_is_followed_by_a_start(public: Project, who: str, figures: dict[str, str]) -> None:
    service = who.partition("'")[0]
    before = public.container(service)["RestartCount"]
    os.kill(VICTIMS[who](public), signal.SIGKILL)
    watch = Stopwatch()

    def back() -> bool:
        now = public.container(service)
        return bool(now["State"]["Running"]) and now["RestartCount"] > before

    wait_until("the next start", back, seconds=30)
    wait_until("Moonfire's answer", public.serves, seconds=30)
    figures[f"from the crash of {who} to an answer"] = f"{watch.seconds:.1f} s"


@pytest.mark.parametrize("internet", ["Internet", "no Internet"])
def test_the_engine_restarts_and_everything_is_back(
    public: Project, bed: Bed, internet: str, figures: dict[str, str]
) -> None:
    before = {service: public.container(service)["State"]["StartedAt"] for service in SERVICES}
    if internet == "no Internet":
        public.world.disconnect()
    try:
        watch = Stopwatch()
        bed.restart_engine()
        wait_until("Moonfire's answer", public.serves, seconds=30)
        figures[f"from the engine's stop, by its start, to an answer ({internet})"] = (
            f"{watch.seconds:.1f} s"
        )
        assert public.issuer() == "authority"
        for service in SERVICES:
            state = public.container(service)["State"]
            assert state["Running"] is True
            assert state["StartedAt"] > before[service]
    finally:
        public.world.connect()

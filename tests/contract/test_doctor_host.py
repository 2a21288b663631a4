"""`nvrstack doctor` on a host without a network: one fault at a time, found and mended."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.bed.process import end, run, wait_for
from tests.contract.doctored import Host, Verdicts, changed
from tests.contract.space import inside

ADDRESS, OTHER = "198.51.100.10", "198.51.100.11"
SUBNET = "10.240.7.0/29"
NETWORK_FILE = "etc/systemd/network/10-lan.network"
ONLINE = ("clock", "router", "forwarding", "name", "IPv6", "CAA", "Docker", "client")
COMMON = {
    "moonfire.timezone": "Etc/UTC",
    "moonfire.state_dir": "data/moonfire",
    "moonfire.uid": "1000",
    "moonfire.gid": "1000",
    "network.lan_address": ADDRESS,
    "network.backend_subnet": SUBNET,
}


@dataclass(frozen=True)
class Home:
    """A host with an address on a network where nobody is, and what the doctor says of it."""

    host: Host
    samples: Path
    usual: Verdicts

    def finds(self, about: str, level: str, text: str) -> str:
        """Assert that the doctor finds this and nothing else; give the remedy."""
        found = self.host.doctor()
        assert changed(self.usual, found) == {about: level}
        assert text in found[about]["text"]
        return found[about]["remedy"]

    def is_well(self) -> bool:
        """Whether everything is as usual again."""
        return not changed(self.usual, self.host.doctor())

    def do(self, remedy: str) -> None:
        """Carry out the first command of a remedy, as root, in the project."""
        command = remedy.partition(", ")[0].replace("sudo ", "")
        for part in command.split(" && "):
            name, *words = part.split()
            if name == "nvrstack":
                done = self.host.nvrstack(*words, "--yes")
                assert done.returncode == 0, done.stderr
            elif name != "docker":
                run([name, *words])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, netns: str) -> Home:
    run(["ip", "-n", netns, "link", "add", "lan0", "type", "veth", "peer", "name", "lan1"])
    for device in ("lan0", "lan1"):
        run(["ip", "-n", netns, "link", "set", device, "up"])
    run(["ip", "-n", netns, "address", "add", f"{ADDRESS}/24", "dev", "lan0"])
    directory = tmp_path_factory.mktemp("doctor")
    samples = directory / "samples"
    samples.mkdir(mode=0o700)
    os.chown(samples, 1000, 1000)
    host = Host(netns, directory / "nvr", directory / "files")
    host.write("etc/fstab", f"tmpfs {samples} tmpfs size=2g,uid=1000,gid=1000,mode=0700 0 0\n")
    host.prepare.append(f"mount {samples}")
    host.write("etc/resolv.conf", "")
    host.write("run/systemd/timesync/synchronized", "")
    link = "/sys/class/net/lan0/ifindex"
    index = run(["ip", "netns", "exec", netns, "cat", link]).stdout.strip()
    host.write(f"run/systemd/netif/links/{index}", f"NETWORK_FILE=/{NETWORK_FILE}\n")
    host.write(NETWORK_FILE, f"[Match]\nName=lan0\n[Network]\nAddress={ADDRESS}/24\n")
    _init(host, "lan", {"site.domain": "nvr.home.arpa", "moonfire.sample_dirs": str(samples)})
    return Home(host, samples, host.doctor())


def _init(host: Host, stack: str, settings: dict[str, str]) -> None:
    given = {**COMMON, **settings}.items()
    options = [word for key, value in given for word in ("--set", f"{key}={value}")]
    done = host.nvrstack("init", str(host.project), "--yes", "--stack", stack, *options)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def public(home: Home) -> Host:
    """The same host with a project that is to be reached from the Internet."""
    host = replace(home.host, project=home.host.project.parent / "public")
    _init(host, "router-ddns", {"site.domain": "nvr.example.com"})
    return host


def test_without_a_network_nothing_of_it_is_fine(public: Host) -> None:
    told = {about: verdict["level"] for about, verdict in public.doctor().items()}
    found = {about: level for about, level in told.items() if about.startswith(ONLINE)}
    assert found.pop("Docker Engine") == "problem"
    assert len(found) >= 8
    assert set(found.values()) == {"unknown"}
    rest = {about: level for about, level in told.items() if about not in found}
    rest.pop("Docker Engine")
    # No engine answers, and its networks could overlap.
    assert rest.pop("private network") == "unknown"
    assert set(rest.values()) == {"fine"}, rest


def test_before_there_is_a_project_what_is_left_out_is_said(home: Home) -> None:
    found = home.host.doctor_before_init()
    assert "nvrstack init" in found["project"]["remedy"]
    about = {"port 80", "port 443", "time zone", "LAN address"}
    assert {a for a, v in found.items() if v["level"] == "fine"} == about
    told = {a: v["level"] for a, v in found.items() if a not in about}
    assert told.pop("Docker Engine") == "problem"
    assert set(told) == {"project", "Docker Compose", "client addresses", "clock", "router"}
    assert set(told.values()) == {"unknown"}


@pytest.fixture
def silent_engine(tmp_path: Path) -> Iterator[str]:
    """A Docker Engine that takes every connection and never answers."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "docker.sock"))
        listening.listen(64)
        yield f"unix://{tmp_path / 'docker.sock'}"


def test_silence_all_around_is_borne_for_twenty_seconds_at_most(
    public: Host, silent_engine: str
) -> None:
    """A network that swallows everything takes longer than one that refuses, and so an engine."""
    usual = public.doctor()
    silent = ("198.51.100.77", "198.51.100.78")
    neighbour = ["ip", "-n", public.netns, "neighbour", "replace"]
    for address in silent:
        run([*neighbour, address, "lladdr", "02:00:00:00:00:01", "dev", "lan0"])
    public.write("etc/resolv.conf", "".join(f"nameserver {address}\n" for address in silent))
    deaf = replace(public, engine=silent_engine)
    for looks in (deaf.doctor, deaf.doctor_before_init):
        begun = time.monotonic()
        found = looks()
        # Twenty on a machine that has nothing else to do.
        assert 4 < time.monotonic() - begun < 60
        assert "did not answer" in found["Docker Engine"]["text"]
        told = {about: v["level"] for about, v in found.items() if about.startswith(ONLINE)}
        assert told.pop("Docker Engine") == "problem"
        assert set(told.values()) == {"unknown"}
        assert "project" in found or not changed(usual, found)
    public.write("etc/resolv.conf", "")


def test_a_port_that_another_program_holds(home: Home) -> None:
    code = "import socket, time; s = socket.create_server(('', 80)); time.sleep(60)"
    process = subprocess.Popen([*inside(home.host.netns), sys.executable, "-c", code])
    try:
        listening = [*inside(home.host.netns), "ss", "-Hltn", "sport = :80"]
        assert wait_for(lambda: bool(run(listening).stdout.strip()), seconds=60)
        remedy = home.finds("port 80", "problem", f"(process {process.pid}) holds it at 0.0.0.0")
        home.do(remedy)
        process.wait(timeout=10)
    finally:
        end([process.pid] if process.poll() is None else [], seconds=2)
    assert home.is_well()


def test_another_lan_address(home: Home) -> None:
    address = ["ip", "-n", home.host.netns, "address"]
    run([*address, "flush", "dev", "lan0"])
    run([*address, "add", f"{OTHER}/24", "dev", "lan0"])
    remedy = home.finds("LAN address", "problem", f"has {OTHER}, but the settings")
    assert f"nvrstack set network.lan_address {OTHER}" in remedy
    run([*address, "flush", "dev", "lan0"])
    run([*address, "add", f"{ADDRESS}/24", "dev", "lan0"])
    assert home.is_well()


def test_a_leased_lan_address(home: Home) -> None:
    index = next((home.host.files / "run/systemd/netif/links").iterdir()).name
    home.host.write(NETWORK_FILE, "[Match]\nName=lan0\n[Network]\nDHCP=yes\n")
    home.host.write(f"run/systemd/netif/leases/{index}", f"ADDRESS={ADDRESS}\n")
    remedy = home.finds("LAN address", "warning", "leased by systemd-networkd")
    assert f"always give {ADDRESS} to this machine" in remedy
    assert "or set it by hand with systemd-networkd" in remedy
    home.host.write(NETWORK_FILE, f"[Match]\nName=lan0\n[Network]\nAddress={ADDRESS}/24\n")
    (home.host.files / f"run/systemd/netif/leases/{index}").unlink()
    assert home.is_well()


def test_a_sample_disk_that_is_not_mounted(home: Home) -> None:
    home.host.prepare.pop()
    found = home.host.doctor()
    (about,) = set(home.usual) - set(found)
    # Whose the empty directory below is, matters to nobody.
    assert about == f"owner of {home.samples}"
    about = f"disk of {home.samples}"
    assert (found[about]["level"], found[about]["remedy"].partition(",")[0]) == (
        "problem",
        f"sudo mount {home.samples}",
    )
    assert "but none is mounted there" in found[about]["text"]
    # Each run has mounts of its own, so that the remedy has to be carried out in the next one.
    remedy = found[about]["remedy"].partition(",")[0].removeprefix("sudo ")
    assert not changed({a: v for a, v in home.usual.items() if a in found and a != about},
                       {a: v for a, v in found.items() if a != about})  # fmt: skip
    home.host.prepare.append(remedy)
    assert home.is_well()


def test_a_full_disk(home: Home) -> None:
    filled = f"fallocate -l 1999m {home.samples}/recording"
    home.host.prepare.append(filled)
    remedy = home.finds(f"disk of {home.samples}", "problem", "0.0 GiB free")
    assert f"make room on {home.samples}" in remedy
    home.host.prepare.remove(filled)
    assert home.is_well()


def test_a_directory_of_another_user(home: Home) -> None:
    state = home.host.project / "data/moonfire"
    os.chown(state, 0, 0)
    home.do(home.finds(f"owner of {state}", "problem", "belongs to 0:0, so that 1000:1000 cannot"))
    assert home.is_well()


def test_a_host_without_time_zones(home: Home) -> None:
    hidden = "mount -t tmpfs none /usr/share/zoneinfo"
    home.host.prepare.append(hidden)
    assert "apt install tzdata" in home.finds("time zone", "problem", "has no Etc/UTC")
    home.host.prepare.remove(hidden)
    assert home.is_well()


def test_a_route_into_the_private_network(home: Home) -> None:
    route = ["ip", "-n", home.host.netns, "route"]
    run([*route, "add", "10.240.0.0/16", "dev", "lan1"])
    remedy = home.finds(
        "private network", "problem", f"{SUBNET} overlaps the route to 10.240.0.0/16"
    )
    home.do(remedy)
    assert home.is_well()


def test_an_engine_that_hides_who_its_clients_are(home: Home) -> None:
    home.host.write("etc/docker/daemon.json", '{"iptables": false}')
    remedy = home.finds("client addresses", "problem", "iptables off")
    assert "/etc/docker/daemon.json" in remedy
    home.host.write("etc/docker/daemon.json", "{}")
    assert home.is_well()


def test_forwarding_without_a_router(public: Host) -> None:
    done = public.nvrstack("doctor", "--forward", "--yes")
    assert done.returncode == 3
    assert "no router answers by UPnP" in done.stderr


def test_forwarding_to_what_stays_at_home(home: Home) -> None:
    done = home.host.nvrstack("doctor", "--forward", "--yes")
    assert done.returncode == 2
    assert "for home only" in done.stderr

"""What `nvrstack doctor` makes of recorded facts, one for each branch."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Any

import pytest

from nvrstack.checks.caa import caa_verdict
from nvrstack.checks.clock import clock_verdict
from nvrstack.checks.disks import GIB, disk_verdict, owner_verdict, silent_disks
from nvrstack.checks.engine import engine_verdicts
from nvrstack.checks.lan_address import lan_address_verdict
from nvrstack.checks.ports import port_verdicts
from nvrstack.checks.public_name import ipv6_verdict, name_verdict
from nvrstack.checks.router import forwarding_verdicts, router_verdict
from nvrstack.checks.subnets import subnet_verdict
from nvrstack.checks.time_zone import time_zone_verdict
from nvrstack.surroundings import (
    Answers,
    CaaRecord,
    Clock,
    Disk,
    DockerNetwork,
    Engine,
    Forwarding,
    Holder,
    OwnAddress,
    PublicName,
    Route,
    Router,
)

HERE, LAN, ELSEWHERE = (IPv4Address(a) for a in ("5.0.0.20", "192.168.77.10", "5.0.0.21"))
NAME = "nvr.example.com"


@pytest.mark.parametrize(
    ("facts", "levels", "text"),
    [
        ({}, ("fine", "fine", "fine"), "version 26.1.5"),
        ({"version": "19.03.8"}, ("warning", "fine", "fine"), "tested with 20.10 and newer"),
        ({"version": "next"}, ("unknown", "fine", "fine"), "'next'"),
        ({"compose": "v2.17.2"}, ("fine", "warning", "fine"), "tested with 2.26 and newer"),
        ({"compose": ""}, ("fine", "problem", "fine"), "older than version 2"),
        (
            {"version": "", "compose": "", "trouble": "docker is not installed"},
            ("problem", "unknown", "unknown"),
            "docker is not installed",
        ),
        ({"iptables": False}, ("fine", "fine", "problem"), "iptables off"),
        ({"rootless": True}, ("problem", "fine", "fine"), "without root's rights"),
        ({"options_trouble": "not JSON"}, ("fine", "fine", "unknown"), "not JSON"),
    ],
)
def test_the_engine(facts: dict[str, Any], levels: tuple[str, ...], text: str) -> None:
    engine = Engine(**{"version": "26.1.5", "compose": "2.40.3", **facts})
    found = list(engine_verdicts(engine, ()))
    assert tuple(v.level for v in found) == levels
    assert any(text in v.text for v in found)
    assert all(v.remedy for v in found if v.level in {"problem", "warning"})


def test_a_port_that_is_published_over_ipv6_too() -> None:
    published = [Holder("::", 443, "the container nginx", container=True, project="nvr")]
    *_, clients = engine_verdicts(Engine("26.1.5", "2.40.3"), published)
    assert (clients.level, "port 443 is published over IPv6" in clients.text) == ("warning", True)


PROXY = Holder("0.0.0.0", 443, "docker-proxy (process 7)", "sudo kill 7")
OURS = Holder("0.0.0.0", 443, "the container nvr-nginx-1", "docker stop", True, "nvr")
FOREIGN = Holder("0.0.0.0", 443, "the container web", "docker stop web", True, "")


@pytest.mark.parametrize(
    ("holders", "bind", "level", "text"),
    [
        ([], (), "fine", "free"),
        ([OURS, PROXY], (), "fine", "this project holds it"),
        ([FOREIGN, PROXY], (), "problem", "the container web holds it at 0.0.0.0"),
        ([PROXY], (), "problem", "docker-proxy (process 7)"),
        ([Holder("::", 443, "caddy")], (LAN,), "problem", "caddy holds it at ::"),
        ([Holder("::1", 443, "caddy")], (), "fine", "free"),
        ([Holder("127.0.0.1", 443, "caddy")], (), "problem", "caddy holds it at 127.0.0.1"),
        ([Holder("127.0.0.1", 443, "caddy")], (LAN,), "fine", "free"),
        ([Holder(str(LAN), 443, "caddy")], (LAN,), "problem", "caddy"),
        ([Holder("0.0.0.0", 80, "caddy")], (), "fine", "free"),
    ],
)
def test_ports(holders: list[Holder], bind: Any, level: str, text: str) -> None:
    (verdict,) = port_verdicts([("site.https_port", 443)], bind, holders, "nvr")
    assert (verdict.about, verdict.level) == ("port 443", level)
    assert text in verdict.text
    if level == "problem":
        assert verdict.remedy.endswith("choose another port: site.https_port")


@pytest.mark.parametrize(
    ("wanted", "own", "level", "text"),
    [
        (LAN, None, "unknown", "could not tell"),
        (None, OwnAddress(LAN, "eth0", "02:00", "static", "systemd-networkd"), "fine", "by hand"),
        (LAN, OwnAddress(HERE, "eth0", "02:00"), "problem", f"say {LAN}"),
        (LAN, OwnAddress(LAN, "eth0", "02:00", "leased", "dhcpcd"), "warning", "leased by dhcpcd"),
        (LAN, OwnAddress(LAN, "eth0", "02:00"), "unknown", "leased or set by hand"),
    ],
)
def test_the_lan_address(wanted: Any, own: Any, level: str, text: str) -> None:
    verdict = lan_address_verdict(wanted, own)
    assert (verdict.level, text in verdict.text) == (level, True)
    assert bool(verdict.remedy) == (level != "fine")


@pytest.mark.parametrize(
    ("router", "outside", "level", "text"),
    [
        (None, None, "unknown", "could not tell: no router answers by UPnP"),
        (None, HERE, "unknown", f"on the Internet you are {HERE}"),
        (Router(None, ()), None, "unknown", "names no outside address"),
        (Router(None, ()), HERE, "warning", "names no outside address"),
        (Router(IPv4Address("100.64.0.0"), ()), HERE, "problem", "carrier-grade NAT"),
        (Router(IPv4Address("100.127.255.255"), ()), HERE, "problem", "carrier-grade NAT"),
        (Router(IPv4Address("100.128.0.0"), ()), None, "fine", "the public address"),
        (Router(IPv4Address("192.168.1.7"), ()), HERE, "problem", "double NAT"),
        (Router(IPv4Address("172.16.0.1"), ()), None, "problem", "double NAT"),
        (Router(HERE, ()), ELSEWHERE, "warning", f"requests come from {ELSEWHERE}"),
        (Router(HERE, ()), HERE, "fine", f"has the public address {HERE}"),
        (Router(HERE, ()), None, "fine", f"has the public address {HERE}"),
    ],
)
def test_the_router(router: Any, outside: Any, level: str, text: str) -> None:
    verdict = router_verdict(router, outside)
    assert (verdict.level, text in verdict.text) == (level, True)
    assert bool(verdict.remedy) == (level != "fine")


@pytest.mark.parametrize(
    ("forwarding", "level", "text"),
    [
        (Forwarding(443, str(LAN), 443, "nvr", 0), "fine", f"leads to {LAN}, port 443"),
        (Forwarding(443, str(LAN), 443, "nvr", 604800), "fine", "for 7 days more"),
        (Forwarding(443, str(LAN), 443, "nvr", 7200), "warning", "for 2 hours more"),
        (Forwarding(443, str(LAN), 8443, "", 0), "problem", f"not to {LAN}, port 443"),
        (Forwarding(80, str(LAN), 80, "", 0), "warning", "the router names none"),
    ],
)
def test_forwardings(forwarding: Forwarding, level: str, text: str) -> None:
    wanted = [Forwarding(443, str(LAN), 443, "nvr", 0)]
    (verdict,) = forwarding_verdicts(wanted, Router(HERE, (forwarding,)))
    assert (verdict.about, verdict.level) == ("forwarding of port 443", level)
    assert text in verdict.text
    assert bool(verdict.remedy) == (level != "fine" or forwarding.seconds > 0)


def test_a_forwarding_that_no_router_tells_of() -> None:
    (verdict,) = forwarding_verdicts([Forwarding(443, str(LAN), 443, "nvr", 0)], None)
    assert (verdict.level, verdict.text) == ("unknown", "could not tell: no router answers by UPnP")
    assert verdict.remedy == f"on the router's page, forward TCP port 443 to {LAN}, port 443"


def answers(*addresses: IPv4Address, seconds: int = 600) -> Answers:
    return Answers(frozenset(addresses), seconds=seconds)


@pytest.mark.parametrize(
    ("name", "here", "level", "text"),
    [
        (PublicName(NAME, None), HERE, "unknown", "could not tell"),
        (PublicName(NAME, answers(HERE), bogus=True), HERE, "problem", "DNSSEC"),
        (PublicName(NAME, answers()), HERE, "problem", "has no IPv4 address"),
        (PublicName(NAME, answers(HERE)), None, "unknown", "could not tell whether that is here"),
        (PublicName(NAME, answers(HERE)), HERE, "fine", f"leads to {HERE}"),
        (PublicName(NAME, answers(HERE, ELSEWHERE)), HERE, "problem", f"{HERE} and {ELSEWHERE}"),
        (PublicName(NAME, answers(ELSEWHERE)), HERE, "problem", f"but this home is {HERE}"),
        (PublicName(NAME, answers(LAN)), HERE, "unknown", "could not tell elsewhere"),
        (PublicName(NAME, answers(LAN), answers(HERE)), HERE, "fine", f"at home to {LAN}"),
        (PublicName(NAME, answers(LAN), answers(ELSEWHERE)), HERE, "problem", "but this home"),
        (PublicName(NAME, answers(LAN)), LAN, "fine", f"leads to {LAN}"),
        (PublicName(NAME, answers(ELSEWHERE), answers(HERE)), HERE, "warning", "still says"),
        (PublicName(NAME, answers(), answers(HERE)), HERE, "warning", "does not exist"),
        (PublicName(NAME, answers(HERE), answers(ELSEWHERE)), HERE, "problem", "but this home"),
    ],
)
def test_names(name: PublicName, here: Any, level: str, text: str) -> None:
    verdict = name_verdict(name, here, LAN, "none")
    assert (verdict.level, text in verdict.text) == (level, True), verdict
    if level in {"problem", "warning"}:
        assert verdict.remedy


@pytest.mark.parametrize(
    ("updater", "remedy"),
    [
        ("ddclient", "docker compose logs ddclient"),
        ("router", "see what the router's page says under Dynamic DNS"),
        ("none", f"where you manage it, let the A record of {NAME} be {HERE}"),
    ],
)
def test_who_mends_a_name(updater: str, remedy: str) -> None:
    verdict = name_verdict(PublicName(NAME, answers(ELSEWHERE)), HERE, LAN, updater)
    assert verdict.remedy == remedy


def test_ipv6_addresses() -> None:
    with_one = Answers(frozenset({HERE}), frozenset({IPv6Address("2a00::1")}))
    assert ipv6_verdict(PublicName(NAME, None)).level == "unknown"
    assert ipv6_verdict(PublicName(NAME, answers(HERE))).level == "fine"
    assert ipv6_verdict(PublicName(NAME, with_one)).level == "warning"
    # The zone's own servers know better than a cache.
    assert ipv6_verdict(PublicName(NAME, with_one, answers(HERE))).level == "fine"


ISSUE = CaaRecord(0, "issue", "letsencrypt.org")


@pytest.mark.parametrize(
    ("records", "level", "text"),
    [
        (None, "unknown", "could not tell"),
        ((), "fine", "every authority may sign"),
        ((ISSUE,), "fine", "lets your authority sign"),
        ((CaaRecord(0, "ISSUE", "LetsEncrypt.org ; accounturi=x"),), "fine", "lets your"),
        ((CaaRecord(0, "issue", ";"),), "problem", "lets only ';' sign"),
        ((CaaRecord(0, "issue", "pki.goog"), ISSUE), "fine", "lets your authority sign"),
        ((CaaRecord(0, "issue", "letsencrypt.org; validationmethods=dns-01"),), "problem", "only"),
        (
            (CaaRecord(0, "issue", "letsencrypt.org; validationmethods=dns-01,http-01"),),
            "fine",
            "lets your",
        ),
        ((CaaRecord(0, "iodef", "mailto:a@example.com"),), "fine", "every authority"),
        ((CaaRecord(128, "new", "x"), ISSUE), "problem", "critical property new"),
        ((CaaRecord(0, "new", "x"), ISSUE), "fine", "lets your"),
        ((CaaRecord(0, "issuewild", ";"), ISSUE), "fine", "lets your"),
    ],
)
def test_caa(records: Any, level: str, text: str) -> None:
    name = PublicName(NAME, answers(HERE), caa=records, caa_at="example.com")
    verdict = caa_verdict(name, frozenset({"letsencrypt.org"}), "http-01")
    assert (verdict.level, text in verdict.text) == (level, True), verdict
    assert bool(verdict.remedy) == (level == "problem")


def test_caa_for_wildcards_and_unknown_authorities() -> None:
    name = PublicName(NAME, None, caa=(ISSUE, CaaRecord(0, "issuewild", ";")), caa_at=NAME)
    wild = caa_verdict(name, frozenset({"letsencrypt.org"}), "dns-01", wildcard=True)
    assert (wild.level, wild.remedy) == (
        "problem",
        f'add to {NAME}: CAA 0 issuewild "letsencrypt.org"',
    )
    assert caa_verdict(name, frozenset(), "dns-01").level == "unknown"


@pytest.mark.parametrize(
    ("clock", "level", "text"),
    [
        (Clock(None, "", "", "chronyd"), "fine", "no server was asked; chronyd keeps it"),
        (Clock(None, "", "", None), "warning", "nothing seems to keep it right"),
        (Clock(None, "acme", "timed out", "chronyd"), "unknown", "could not tell: acme: timed out"),
        (Clock(0.4, "acme", "", "chronyd"), "fine", "agrees with acme"),
        (Clock(0.4, "acme", "", None), "warning", "nothing seems to keep it right"),
        (Clock(130, "acme", "", "chronyd"), "warning", "2 minutes ahead of that of acme"),
        (Clock(-7200, "acme", "", "chronyd"), "problem", "2 hours behind that of acme"),
    ],
)
def test_the_clock(clock: Clock, level: str, text: str) -> None:
    verdict = clock_verdict(clock)
    assert (verdict.level, text in verdict.text) == (level, True), verdict
    assert bool(verdict.remedy) == (level in {"warning", "problem"})


SOUND = {"path": "/media/nvr", "what": "recordings", "exists": True, "mount": "/media/nvr"}


@pytest.mark.parametrize(
    ("facts", "level", "text"),
    [
        ({}, "fine", "50.0 GiB free on /media/nvr"),
        ({"expected_mount": "/media/nvr"}, "fine", "50.0 GiB free"),
        ({"expected_mount": "/media/nvr", "mount": "/"}, "problem", "none is mounted there"),
        ({"exists": None}, "unknown", "only root may look there"),
        ({"exists": False}, "problem", "the directory for recordings is not there"),
        ({"read_only": True}, "problem", "mounted read-only"),
        ({"free": GIB - 1}, "warning", "1.0 GiB free"),
        ({"free": 0}, "problem", "0.0 GiB free"),
        ({"uas": "152d:0578", "uas_errors": True}, "problem", "fails with UAS"),
        ({"uas": "152d:0578", "uas_errors": False}, "warning", "no errors in the kernel's log"),
        ({"uas": "152d:0578"}, "warning", "see `dmesg`"),
    ],
)
def test_disks(facts: dict[str, Any], level: str, text: str) -> None:
    verdict = disk_verdict(Disk(**{**SOUND, "free": 50 * GIB, **facts}))
    assert (verdict.level, text in verdict.text) == (level, True), verdict
    assert bool(verdict.remedy) == (level != "fine")


@pytest.mark.parametrize(
    ("owner", "mode", "level"),
    [
        ((1000, 1000), 0o700, "fine"),
        ((1000, 1000), 0o500, "problem"),
        ((0, 1000), 0o770, "fine"),
        ((0, 1000), 0o750, "problem"),
        ((0, 0), 0o777, "fine"),
        ((0, 0), 0o755, "problem"),
    ],
)
def test_owners(owner: tuple[int, int], mode: int, level: str) -> None:
    disk = Disk("/media/nvr", "recordings", exists=True, owner=owner, mode=mode)
    verdict = owner_verdict(disk, (1000, 1000))
    assert verdict.level == level
    assert verdict.remedy == ("" if level == "fine" else "sudo chown -R 1000:1000 /media/nvr")


def test_a_disk_that_keeps_silent() -> None:
    verdict = silent_disks()
    assert (verdict.level, "could not tell" in verdict.text) == ("unknown", True)


SUBNET = IPv4Network("10.213.83.0/29")
OWN = DockerNetwork("nvr_backend", "nvr", SUBNET)


@pytest.mark.parametrize(
    ("routes", "networks", "level"),
    [
        ((), (), "fine"),
        ((Route(IPv4Network("0.0.0.0/0"), "eth0"),), (), "fine"),
        ((Route(IPv4Network("10.213.0.0/16"), "tun0"),), (), "problem"),
        ((Route(SUBNET, "br-1"),), (OWN,), "fine"),
        ((Route(SUBNET, "tun0"),), (), "problem"),
        ((), (DockerNetwork("other", "other", SUBNET),), "problem"),
        ((Route(SUBNET, "br-1"),), None, "unknown"),
        ((Route(IPv4Network("10.213.0.0/16"), "tun0"),), None, "problem"),
    ],
)
def test_subnets(routes: Any, networks: Any, level: str) -> None:
    verdict = subnet_verdict(SUBNET, "nvr", routes, networks)
    assert verdict.level == level
    if level == "problem":
        chosen = IPv4Network(verdict.remedy.split()[3])
        assert not any(chosen.overlaps(route.subnet) for route in routes)


def test_time_zones() -> None:
    zone = "Europe/Berlin"
    assert time_zone_verdict(zone, zone, has_data=True).level == "fine"
    assert time_zone_verdict(zone, None, has_data=True).level == "fine"
    assert time_zone_verdict(zone, "Etc/UTC", has_data=True).level == "warning"
    assert time_zone_verdict(zone, zone, has_data=False).level == "problem"

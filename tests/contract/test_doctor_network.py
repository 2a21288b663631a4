"""`nvrstack doctor` against a real router's UPnP and real name servers, one fault at a time."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.bed import packages
from tests.bed.process import run
from tests.contract.doctored import Host, Verdicts, changed, levels
from tests.contract.neighbourhood import (
    AUTHORITY,
    BEHIND,
    HOME,
    IDENTITY,
    MOVED,
    NAME,
    OUTSIDE,
    ROUTER_INSIDE,
    Neighbourhood,
    neighbourhood,
)
from tests.contract.space import inside

NAMED, IPV6, CAA = f"name {NAME}", f"IPv6 of {NAME}", f"CAA of {NAME}"
FORWARDINGS = ("forwarding of port 80", "forwarding of port 443")
OTHER = "192.168.77.99"
IN_ORDER = f"nvr 1 IN A {OUTSIDE}"
GATEWAY = "import miniupnpc as m; u = m.UPnP(); u.discover(); u.selectigd(); "


@dataclass(frozen=True)
class Home:
    """The host at home, what is around it, and what the doctor says while all is well."""

    place: Neighbourhood
    host: Host
    usual: Verdicts

    def finds(self, about: str, level: str, *words: str) -> str:
        """Assert that the doctor finds this and nothing else, in these words; give the remedy."""
        found = self.host.doctor()
        assert changed(self.usual, found) == {about: level}
        verdict = found[about]
        assert all(word in verdict["text"] for word in words), verdict
        assert verdict["remedy"]
        return verdict["remedy"]

    def is_well(self) -> bool:
        """Whether everything is as usual again."""
        return not changed(self.usual, self.host.doctor())

    def rules(self) -> str:
        """What the router's kernel forwards."""
        return run([*inside(self.place.router), "nft", "list", "ruleset"]).stdout

    def upnp(self, call: str) -> None:
        """Do something to the router, as a games console at home might."""
        run([*inside(self.place.home), sys.executable, "-c", GATEWAY + call])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    packages.ensure(("miniupnpd-nftables", "nftables", "iproute2"))
    directory = tmp_path_factory.mktemp("doctor")
    with neighbourhood(directory) as place:
        host = Host(place.home, directory / "nvr", directory / "files")
        host.write("etc/resolv.conf", f"nameserver {ROUTER_INSIDE}\n")
        host.write("run/systemd/timesync/synchronized", "")
        settings = {
            "site.domain": NAME,
            "moonfire.timezone": "Etc/UTC",
            "moonfire.state_dir": "data/moonfire",
            "certificate.authority": f"https://{AUTHORITY}/directory",
            "certificate.authority_root": str(place.root_certificate),
            "ddns.updater": "none",
            "ddns.address_services": f"http://{AUTHORITY}/ip",
            "network.lan_address": HOME,
        }
        options = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        done = host.nvrstack("init", str(host.project), "--yes", "--stack", "router-ddns", *options)
        assert done.returncode == 0, done.stderr
        added = host.nvrstack("doctor", "--forward", "--yes")
        assert f"forwards TCP port 80 to {HOME}, port 80" in added.stderr, added
        yield Home(place, host, host.doctor())


def test_all_is_well_once_the_ports_are_forwarded(home: Home) -> None:
    network = ["router", *FORWARDINGS, NAMED, IPV6, CAA, "clock"]
    assert set(levels(home.usual, network).values()) == {"fine"}, home.usual
    assert home.usual["router"]["text"] == f"has the public address {OUTSIDE}"
    assert "for 6 days more" in home.usual["forwarding of port 443"]["text"]
    for port in (80, 443):
        assert f"dport {port} dnat ip to {HOME}:{port}" in home.rules()


def test_missing_forwardings(home: Home) -> None:
    home.place.serve_upnp()
    found = home.host.doctor()
    assert changed(home.usual, found) == dict.fromkeys(FORWARDINGS, "warning")
    assert {found[about]["remedy"] for about in FORWARDINGS} == {"nvrstack doctor --forward"}
    refused = home.host.nvrstack("doctor", "--forward")
    assert (refused.returncode, "add --yes" in refused.stderr) == (2, True)
    assert "dnat" not in home.rules()
    assert not changed(home.usual, home.host.doctor("--forward", "--yes"))
    # Once more renews them, for this router lets none stay for ever.
    assert not changed(home.usual, home.host.doctor("--forward", "--yes"))
    assert home.rules().count("dnat ip to") == 2


def test_a_forwarding_to_another_machine(home: Home) -> None:
    home.place.serve_upnp()
    home.upnp(
        f"u.addportmapping(80, 'TCP', '{OTHER}', 8080, 'printer', ''); "
        f"u.addportmapping(443, 'TCP', '{HOME}', 443, 'nvr', '')"
    )
    remedy = home.finds(FORWARDINGS[0], "problem", f"{OTHER}, port 8080 (printer)")
    assert f"forward TCP port 80 to {HOME}, port 80" in remedy
    done = home.host.nvrstack("doctor", "--forward", "--yes")
    assert (done.returncode, "nothing was changed" in done.stderr) == (3, True)
    assert f"dnat ip to {OTHER}:8080" in home.rules()
    home.upnp("u.deleteportmapping(80, 'TCP')")
    assert not changed(home.usual, home.host.doctor("--forward", "--yes"))


def test_a_router_behind_another_one(home: Home) -> None:
    """Such a one, miniupnpd too, names no address, and forwards nothing."""
    home.place.serve_upnp(BEHIND)
    found = home.host.doctor()
    missing = dict.fromkeys(FORWARDINGS, "warning")
    assert changed(home.usual, found) == {"router": "warning", **missing}
    told = "names no outside address, as routers do behind another one"
    assert found["router"]["text"] == f"{told}; on the Internet you are {OUTSIDE}"
    assert "carrier-grade NAT" in found["router"]["remedy"]
    done = home.host.nvrstack("doctor", "--forward", "--yes")
    assert (done.returncode, "the router refuses to forward port 80" in done.stderr) == (3, True)
    home.place.serve_upnp()
    assert not changed(home.usual, home.host.doctor("--forward", "--yes"))


@pytest.mark.parametrize(
    ("records", "about", "level", "text", "remedy"),
    [
        (f"nvr 1 IN A {MOVED}", NAMED, "problem", f"leads to {MOVED}, but this home is {OUTSIDE}",
         f"let the A record of {NAME} be {OUTSIDE}"),
        ("", NAMED, "problem", "has no IPv4 address", f"let the A record of {NAME} be {OUTSIDE}"),
        (f"nvr 1 IN A {OUTSIDE}\nnvr 1 IN AAAA 2a00::1", IPV6, "warning", "leads to 2a00::1",
         f"{NAME}, remove its AAAA record"),
        (f'nvr 1 IN A {OUTSIDE}\n@ 1 IN CAA 0 issue "other.example"', CAA, "problem",
         "example.com lets only 'other.example' sign",
         f'add to example.com: CAA 0 issue "{IDENTITY}"'),
    ],
    ids=["leads elsewhere", "leads nowhere", "IPv6", "CAA forbids"],
)  # fmt: skip
def test_faults_of_the_name(
    home: Home, records: str, about: str, level: str, text: str, remedy: str
) -> None:
    home.place.reload(records)
    told = home.finds(about, level, text)
    assert remedy in told
    home.place.reload(mended(records, told))
    found = home.host.doctor()
    assert not changed(home.usual, found)
    assert about != CAA or found[CAA]["text"] == "example.com lets your authority sign"


def mended(records: str, remedy: str) -> str:
    """The records once a remedy is carried out, word by word."""
    lines = records.splitlines()
    if led := re.search(rf"let the A record of {NAME} be (\S+)", remedy):
        lines = [line for line in lines if " IN A " not in line] + [f"nvr 1 IN A {led[1]}"]
    if "remove its AAAA record" in remedy:
        lines = [line for line in lines if " IN AAAA " not in line]
    if added := re.search(r"add to example\.com: (CAA .*)", remedy):
        lines.append(f"@ 1 IN {added[1]}")
    return "\n".join(lines)


def test_before_there_is_a_project_the_router_is_looked_at(home: Home) -> None:
    found = home.host.doctor_before_init()
    assert (found["router"]["level"], found["router"]["text"]) == (
        "fine",
        f"has the public address {OUTSIDE}",
    )


def test_a_resolver_that_remembers_an_older_address(home: Home) -> None:
    home.place.reload(f"nvr 3600 IN A {MOVED}")
    home.finds(NAMED, "problem")
    home.place.reload(IN_ORDER)
    assert "restart the resolver" in home.finds(NAMED, "warning", f"still says {MOVED}")
    home.place.resolve()
    assert home.is_well()


def test_signatures_that_do_not_hold(home: Home) -> None:
    home.place.resolve(bogus=True)
    assert "DS record" in home.finds(NAMED, "problem", "DNSSEC signatures do not hold")
    home.place.resolve()
    assert home.is_well()


def test_a_clock_that_is_behind(home: Home) -> None:
    """The Internet's is ahead here, for a machine has one clock."""
    (home.place.directory / "ahead").write_text("7300")
    words = f"2 hours behind that of {AUTHORITY}"
    assert "sudo timedatectl set-ntp true" in home.finds("clock", "problem", words)
    (home.place.directory / "ahead").write_text("0")
    assert home.is_well()

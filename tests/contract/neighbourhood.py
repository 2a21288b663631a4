"""A home and the Internet, each machine a namespace: where `nvrstack doctor` looks around.

    home (the host) ── lan0 ── router (miniupnpd, a resolver) ── wan0 ── net (name server, web)

The addresses of the Internet look public, as a router wants them to; nothing leads out of here.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nvrstack.pki.certificates import local_leaf, local_root
from tests.bed.paths import made
from tests.bed.process import end, run, wait_for
from tests.bed.rootfs import chroot_command
from tests.contract.space import inside, namespace

HOME, ROUTER_INSIDE = "192.168.77.10", "192.168.77.1"
OUTSIDE, MOVED = "5.0.0.20", "5.0.0.21"
"""The router's address on the Internet, and another one."""
FIRST_ROUTER, BEHIND = "192.168.88.1", "192.168.88.20"
"""Another router, on the Internet's machine, and the router's address where that one is first."""
NAME_SERVER, WEB = "5.0.0.53", "5.0.0.80"
ZONE, NAME, AUTHORITY = "example.com", "nvr.example.com", "acme.com"
IDENTITY = "authority.example"
STANDIN = Path(__file__).parents[1] / "standins" / "internet.py"

RULES = """
table inet filter {
    chain miniupnpd { }
    chain prerouting_miniupnpd { }
    chain postrouting_miniupnpd { }
    chain prerouting {
        type nat hook prerouting priority -100;
        jump prerouting_miniupnpd
    }
    chain postrouting {
        type nat hook postrouting priority 100;
        jump postrouting_miniupnpd
        oifname "wan0" masquerade
    }
}
"""
FIRST_ROUTER_RULES = f"""
table ip nat {{
    chain input {{
        type nat hook input priority 100;
        ip saddr {BEHIND} snat to {OUTSIDE}
    }}
}}
"""
UPNP = """
ext_ifname=wan0
listening_ip=lan0
http_port=5000
enable_natpmp=no
enable_upnp=yes
secure_mode=no
uuid=11111111-2222-3333-4444-555555555555
allow 1-65535 0.0.0.0/0 1-65535
"""
ZONE_CONFIGURATION = f"""
options {{ directory "/zone"; listen-on {{ {NAME_SERVER}; }}; listen-on-v6 {{ none; }};
    recursion no; pid-file none; }};
controls {{ }};
zone "com" {{ type primary; file "com"; }};
zone "{ZONE}" {{ type primary; file "records"; }};
"""
COM = f"""$TTL 1
@ IN SOA ns.{ZONE}. hostmaster.{ZONE}. 1 60 60 600 1
@ IN NS ns.example
example IN NS ns.example
ns.example IN A {NAME_SERVER}
acme IN A {WEB}
"""
RECORDS = f"""$TTL 1
@ IN SOA ns hostmaster {{serial}} 60 60 600 1
@ IN NS ns
ns IN A {NAME_SERVER}
{{own}}"""
RESOLVER_CONFIGURATION = f"""
options {{ directory "/zone"; listen-on {{ {ROUTER_INSIDE}; }}; listen-on-v6 {{ none; }};
    recursion yes; allow-query {{ any; }}; pid-file none; dnssec-validation VALIDATION; }};
controls {{ }};
zone "." {{ type hint; file "/dev/null"; }};
zone "com" {{ type static-stub; server-addresses {{ {NAME_SERVER}; }}; }};
zone "{ZONE}" {{ type static-stub; server-addresses {{ {NAME_SERVER}; }}; }};
"""
ANCHOR = f'trust-anchors {{ {ZONE}. static-ds 1 13 2 "{"00" * 32}"; }};\n'
"""What a resolver holds a zone against whose DS record, at its parent, is of a key it has not."""


@dataclass
class Neighbourhood:
    """The three machines, and what runs on them."""

    directory: Path
    home: str
    router: str
    net: str
    serial: int = 1
    _resolver: ExitStack = field(default_factory=ExitStack)
    _upnp: ExitStack = field(default_factory=ExitStack)

    @property
    def root_certificate(self) -> Path:
        """What signed the authority's own certificate."""
        return self.directory / "root.pem"

    def publish(self, own: str) -> None:
        """Let the zone have these records of the name's own."""
        self.serial += 1
        text = RECORDS.format(serial=self.serial, own=own)
        (self.directory / "zone/records").write_text(f"{text}\n")

    def reload(self, own: str) -> None:
        """The same while the name server runs; what was to be kept for a second is forgotten."""
        self.publish(own)
        log = self.directory / "zone/log"
        pids = map(int, run(["ip", "netns", "pids", self.net]).stdout.split())
        comm = {pid: Path(f"/proc/{pid}/comm").read_text().strip() for pid in pids}
        process = next(pid for pid, name in comm.items() if name == "named")
        os.kill(process, signal.SIGHUP)
        loaded = f"loaded serial {self.serial}"
        assert wait_for(lambda: loaded in log.read_text(), seconds=60), log.read_text()
        time.sleep(1.2)

    def resolve(self, *, bogus: bool = False) -> None:
        """Start the resolver anew, with nothing remembered; with `bogus` it trusts another key."""
        self._resolver.close()
        text = RESOLVER_CONFIGURATION.replace("VALIDATION", "yes" if bogus else "no")
        (made(self.directory / "resolver") / "named.conf").write_text(
            text + (ANCHOR if bogus else "")
        )
        self._resolver.enter_context(
            _named(self.directory / "resolver", self.router, "all zones loaded")
        )

    def serve_upnp(self, outside: str = OUTSIDE) -> None:
        """Start the router's UPnP anew, without any forwarding, at an outside address."""
        self._upnp.close()
        run([*inside(self.router), "ip", "address", "flush", "dev", "wan0"])
        run([*inside(self.router), "ip", "address", "add", f"{outside}/8", "dev", "wan0"])
        if outside == BEHIND:
            run([*inside(self.router), "ip", "route", "add", "default", "via", FIRST_ROUTER])
        run([*inside(self.router), "nft", "flush", "ruleset"])
        run([*inside(self.router), "nft", "-f", "-"], input=RULES)
        configuration = self.directory / "miniupnpd.conf"
        configuration.write_text(UPNP)
        command = ["miniupnpd", "-d", "-f", configuration, "-P", self.directory / "miniupnpd.pid"]
        log = self.directory / "miniupnpd.log"
        self._upnp.enter_context(
            program([*inside(self.router), *map(str, command)], log, "listening on port 5000")
        )

    def close(self) -> None:
        """End the programs that were started anew."""
        self._resolver.close()
        self._upnp.close()


@contextmanager
def neighbourhood(directory: Path) -> Iterator[Neighbourhood]:
    """Everything at work: the name leads here, nothing is forwarded."""
    with namespace("home") as home, namespace("router") as router, namespace("net") as net:
        _link(home, router, "lan0", (HOME, 24), (ROUTER_INSIDE, 24))
        _link(net, router, "wan0", (NAME_SERVER, 8), (OUTSIDE, 8))
        for address in (WEB, FIRST_ROUTER):
            run([*inside(net), "ip", "address", "add", f"{address}/8", "dev", "eth0"])
        run([*inside(net), "nft", "-f", "-"], input=FIRST_ROUTER_RULES)
        run([*inside(home), "ip", "route", "add", "default", "via", ROUTER_INSIDE])
        run([*inside(router), "sysctl", "-q", "-w", "net.ipv4.ip_forward=1"])
        place = Neighbourhood(directory, home, router, net)
        made(directory / "zone")
        (directory / "zone/named.conf").write_text(ZONE_CONFIGURATION)
        (directory / "zone/com").write_text(COM)
        place.publish(f"nvr 1 IN A {OUTSIDE}")
        try:
            with (
                _named(directory / "zone", net, "all zones loaded"),
                _web(place),
            ):
                place.serve_upnp()
                place.resolve()
                yield place
        finally:
            place.close()


def _link(one: str, other: str, device: str, near: tuple[str, int], far: tuple[str, int]) -> None:
    pair = ("type", "veth", "peer", "name", "eth0", "netns", one)
    run(["ip", "-n", other, "link", "add", device, *pair])
    for netns, name, (address, length) in ((one, "eth0", near), (other, device, far)):
        run(["ip", "-n", netns, "address", "add", f"{address}/{length}", "dev", name])
        run(["ip", "-n", netns, "link", "set", name, "up"])


@contextmanager
def _web(place: Neighbourhood) -> Iterator[None]:
    names, now = (AUTHORITY,), datetime.now(UTC)
    root = local_root(names, now)
    leaf = local_leaf(root, names, now)
    place.root_certificate.write_bytes(root.certificate)
    (place.directory / "leaf.pem").write_bytes(leaf.certificate)
    (place.directory / "leaf.key").write_bytes(leaf.key)
    (place.directory / "ahead").write_text("0")
    command = [
        *inside(place.net), sys.executable, str(STANDIN), "--address", WEB,
        "--certificate", str(place.directory / "leaf.pem"),
        "--key", str(place.directory / "leaf.key"),
        "--ahead", str(place.directory / "ahead"), "--identity", IDENTITY,
    ]  # fmt: skip
    with program(command, place.directory / "web.log", ""):
        listening = [*inside(place.net), "ss", "-Hltn", "sport = :443"]
        assert wait_for(lambda: bool(run(listening).stdout.strip()), seconds=60)
        yield


@contextmanager
def _named(directory: Path, netns: str, ready: str) -> Iterator[None]:
    command = chroot_command(
        ["named", "-g", "-c", "/zone/named.conf"], {directory: "/zone"}, netns=netns
    )
    with program(command, directory / "log", ready):
        yield


@contextmanager
def program(command: Sequence[str], log: Path, ready: str) -> Iterator[None]:
    """Run a program until the block ends, once it has said that it is ready."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        assert wait_for(lambda: ready in log.read_text(), seconds=60), log.read_text()
        yield
    finally:
        end([process.pid], seconds=2)
        process.wait(timeout=5)

"""`nvrstack verify` at the real nginx: each fault is found by its own check, and by no other one.

Then the remedy is carried out, word by word, and everything is fine again.
"""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from tests.bed.process import run
from tests.contract.chain import issue, signer
from tests.contract.handyman import MAIN, MOONFIRE, SITE, mended
from tests.contract.house import ADDRESS, DOMAIN, ELSEWHERE, House, house
from tests.unit.commands import nvrstack

PATIENCE = 40
"""Seconds; it takes no more than ten where nothing else is at work."""
CERTIFICATE = f"certificate {DOMAIN}"
Verdicts = Mapping[str, dict[str, str]]


@pytest.fixture(scope="module")
def home(netns: str) -> Iterator[House]:
    with (
        open_folder() as folder,
        house(folder, netns) as found,
        pytest.MonkeyPatch.context() as patch,
    ):
        root = folder / "root.pem"
        root.write_bytes(found.root.pem)
        patch.setenv("SSL_CERT_FILE", str(root))
        yield found


@contextmanager
def open_folder() -> Iterator[Path]:
    """Lend a directory that others than root may walk into, as a home is one."""
    with tempfile.TemporaryDirectory(prefix="nvrstack-verify-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def verified(home: House, wanted: Mapping[str, str]) -> Verdicts:
    """Return the verdicts, which have to come to this."""
    found = home.verify()
    assert not_fine(found) == wanted, [v for v in found.values() if v["level"] != "fine"]
    return found


def not_fine(found: Verdicts) -> dict[str, str]:
    """The verdicts that are not green, by what they are about."""
    return {about: v["level"] for about, v in found.items() if v["level"] != "fine"}


@dataclass(frozen=True)
class Fault:
    """A mistake in a file, the check that finds it, and what follows from it."""

    about: str
    path: str
    old: str
    new: str
    level: str = "problem"
    unknown: frozenset[str] = field(default_factory=frozenset)


BEHIND = frozenset(
    {"Moonfire", "secure", "client address", "forged headers", "host", "page", "headers"}
) | {"live view", "anonymous access"}
"""What cannot be told while Moonfire does not answer."""
REAL_IP = "proxy_set_header X-Real-IP $remote_addr;"
PROTOCOL = "proxy_set_header X-Forwarded-Proto $scheme;"
HOST = "proxy_set_header Host $host$is_request_port$request_port;"
CONNECTION = "proxy_set_header Connection $connection_upgrade;"
MODERN = "ssl_protocols TLSv1.2 TLSv1.3;"
CIPHERS = "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:"
LISTEN = "listen 443 ssl;\n    http2 on;\n"
REDIRECT = "return 301 https://$host$request_uri;"
FIRST = f"listen 80 default_server;\n        server_name _;\n        {'return 444;'}"
NO_FRAMES = "add_header X-Frame-Options SAMEORIGIN always;"

ROUNDS = 2
"""What is mended may bring another fault to light: behind old TLS, weak ciphers."""
FAULTS = {
    "another address": Fault(
        "client address", SITE, REAL_IP, "proxy_set_header X-Real-IP 192.0.2.7;"
    ),
    "no address": Fault("client address", SITE, REAL_IP, 'proxy_set_header X-Real-IP "";'),
    "no protocol": Fault("secure", SITE, PROTOCOL, "", unknown=frozenset({"cookie"})),
    "a client's own address": Fault(
        "forged headers",
        SITE,
        "client_max_body_size 64k;",
        "set_real_ip_from 0.0.0.0/0; real_ip_header X-Forwarded-For;",
    ),
    "another host": Fault(
        "host",
        SITE,
        HOST,
        "proxy_set_header Host moonfire;",
        unknown=frozenset({"live view"}),
    ),
    "no upgrade": Fault("live view", SITE, CONNECTION, ""),
    "a map without WebSockets": Fault("live view", MAIN, "websocket upgrade;", "websocket '';"),
    "buffering": Fault("buffering", SITE, "proxy_buffering off;", "proxy_buffering on;"),
    "no ranges": Fault("downloads", SITE, REAL_IP, f'{REAL_IP} proxy_set_header Range "";'),
    "a cookie for http": Fault(
        "cookie", SITE, REAL_IP, f"{REAL_IP} proxy_cookie_flags s nosecure;"
    ),
    "no HTTP/2": Fault("HTTP/2", SITE, "http2 on;", "", level="warning"),
    "old TLS": Fault(
        "TLS versions",
        MAIN,
        f"{MODERN}\n    {CIPHERS}",
        "ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;\n    ssl_ciphers ALL:@SECLEVEL=0:",
        # What TLS 1.1 needs is weak in itself.
        unknown=frozenset({"TLS ciphers"}),
    ),
    "weak ciphers": Fault("TLS ciphers", MAIN, CIPHERS, f"{CIPHERS}ECDHE-ECDSA-AES128-SHA256:"),
    "redirects in a circle": Fault(
        "redirect to https",
        SITE,
        LISTEN,
        f"{LISTEN}    {REDIRECT}\n",
        unknown=BEHIND | {"login"},
    ),
    "http is not redirected": Fault("redirect to https", SITE, REDIRECT, "return 200 hello;"),
    "unknown hosts over http": Fault("unknown hosts", MAIN, FIRST, FIRST.replace("444", "200")),
    "unknown hosts over https": Fault(
        "unknown hosts",
        MAIN,
        "ssl_reject_handshake on;",
        "ssl_certificate /etc/nvrstack/tls/own/fullchain.pem; "
        "ssl_certificate_key /etc/nvrstack/tls/own/privkey.pem; if ($host) { return 302 /; }",
    ),
    "no header against framing": Fault("headers", SITE, NO_FRAMES, "", level="warning"),
    "no page": Fault(
        "page", SITE, "location / {", "location = / { return 404; }\n    location / {"
    ),
    "no script": Fault(
        "page",
        SITE,
        "location / {",
        "location /assets/ { return 404; }\n    location / {",
    ),
    "everybody may look": Fault(
        "anonymous access",
        MOONFIRE,
        "trustForwardHeaders = true",
        "trustForwardHeaders = true\nallowUnauthenticatedPermissions = { viewVideo = true }",
    ),
    "the proxy is not believed": Fault(
        "secure",
        MOONFIRE,
        "trustForwardHeaders = true",
        "trustForwardHeaders = false",
        unknown=frozenset({"client address", "cookie"}),
    ),
    "a stale page": Fault("page", MOONFIRE, "[[binds]]\nipv4", 'uiDir = "/gone"\n[[binds]]\nipv4'),
    "port 8080 is open": Fault(
        "port 8080", MOONFIRE, 'ipv4 = "172.31.255.3:8080"', 'ipv4 = "0.0.0.0:8080"'
    ),
}


def test_everything_is_fine(home: House) -> None:
    began = time.monotonic()
    found = home.verify()
    assert not_fine(found) == {}
    assert time.monotonic() - began < PATIENCE
    assert found["client address"]["text"].startswith(ADDRESS)
    assert found["live view"]["text"].startswith("pictures come")
    assert found[CERTIFICATE]["text"].endswith("its chain has 2")
    assert not_fine(home.verify("--from", "lan")) == {}


def test_without_a_project_and_without_a_login(home: House) -> None:
    told = home.nvrstack("verify", "--url", DOMAIN, "--resolve", ADDRESS, "--from", "lan", "--json")
    assert told.code == 0, told.stdout
    verdicts = told.json()["verdicts"]
    assert {v["level"] for v in verdicts} == {"fine"}
    assert told.json()["url"] == f"https://{DOMAIN}/"
    assert not {"login", "cookie", "downloads", "buffering"} & {v["about"] for v in verdicts}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_and_its_remedy_mends_it(home: House, fault: Fault) -> None:
    with home.kept(SITE, MAIN, MOONFIRE):
        home.change(fault.path, fault.old, fault.new)
        wanted = {fault.about: fault.level, **dict.fromkeys(fault.unknown, "unknown")}
        found = verified(home, wanted)
        for _ in range(ROUNDS):
            told = [v for v in found.values() if v["level"] in {"problem", "warning"}]
            if not told:
                break
            carry_out(home, told[0]["remedy"], fault.path)
            found = home.verify()
        assert not_fine(found) == {}, found


def carry_out(home: House, remedy: str, place: str) -> None:
    """Do what it says, in the files of the project."""
    before = {path: home.text(path) for path in (SITE, MAIN, MOONFIRE)}
    after = mended(remedy, before, place)
    assert after != before, f"nothing can be done about it: {remedy}"
    for path, text in after.items():
        home.put(path, text.encode())


@pytest.mark.parametrize(
    ("kind", "level", "text", "remedy"),
    [
        ("expired", "problem", "ended", "renew it"),
        ("other name", "problem", "is for other.example.com", f"get one for {DOMAIN}"),
        ("no chain", "problem", "comes without its chain: Intermediate", "fullchain.pem"),
        ("unknown authority", "problem", "does not trust Stranger", "install its root"),
        ("late", "warning", "should have been renewed", "nvrstack status"),
    ],
)
def test_a_wrong_certificate_is_found(
    home: House, kind: str, level: str, text: str, remedy: str
) -> None:
    by = home.intermediate
    home.show(
        {
            "expired": lambda: issue(by, DOMAIN, left=timedelta(hours=-1)),
            "other name": lambda: issue(by, "other.example.com"),
            "no chain": lambda: issue(by, DOMAIN, chain=False),
            "unknown authority": lambda: issue(signer("Stranger"), DOMAIN),
            "late": lambda: issue(by, DOMAIN, left=timedelta(days=9)),
        }[kind]()
    )
    # No password goes to a server that could be anybody.
    wanted = {CERTIFICATE: level, **({} if level == "warning" else {"login": "unknown"})}
    found = verified(home, wanted)
    assert text in found[CERTIFICATE]["text"]
    assert remedy in found[CERTIFICATE]["remedy"]
    home.show(home.good())
    verified(home, {})


def test_moonfire_is_down(home: House) -> None:
    home.stop_moonfire()
    found = home.verify()
    wanted = {**dict.fromkeys(BEHIND | {"login"}, "unknown"), "Moonfire": "problem"}
    assert not_fine(found) == wanted
    assert "up -d moonfire-nvr" in found["Moonfire"]["remedy"]
    home.start_moonfire()
    verified(home, {})


def test_nginx_is_down(home: House) -> None:
    home.stop_nginx()
    found = home.verify()
    assert {a for a, level in not_fine(found).items() if level == "problem"} == {"https"}
    assert "up -d" in found["https"]["remedy"]
    home.start_nginx()
    verified(home, {})


def test_the_name_leads_nowhere_yet(home: House) -> None:
    told = home.nvrstack("verify", "--json")
    verdicts = {v["about"]: v for v in told.json()["verdicts"]}
    assert told.code == 1
    assert [a for a, v in verdicts.items() if v["level"] == "problem"] == ["name"]
    assert "--resolve ADDRESS" in verdicts["name"]["remedy"]


def test_a_wrong_password_is_told(home: House) -> None:
    found = home.verify(password="wrong password")
    assert not_fine(found) == {"login": "problem", "cookie": "unknown", "downloads": "unknown"}
    assert "nvrstack user passwd" in found["login"]["remedy"]


def test_the_address_on_the_internet(home: House) -> None:
    home.service.text = f"<html>You are {ELSEWHERE}.</html>"
    found = home.verify()
    # The name leads here inside, so that the visit did not go by the router at all.
    assert not_fine(found) == {"client address": "unknown"}
    home.service.text = "sorry, closed today"
    found = home.verify()
    assert not_fine(found) == {"client address": "unknown"}
    assert "no service told" in found["client address"]["text"]
    home.service.text = ADDRESS
    nobody = f"http://{ADDRESS}:1/"
    found = home.verify("--address-service", nobody)
    assert not_fine(found) == {"client address": "unknown"}


def test_with_everything_unreachable_it_ends_within_ten_seconds(home: House) -> None:
    """Neither the server nor any service answers: each packet is lost."""
    lost = "198.51.100.66"
    ip = ["ip", "-n", home.netns]
    run([*ip, "link", "add", "void", "type", "veth", "peer", "name", "void-end"])
    try:
        run([*ip, "link", "set", "void", "up"])
        run([*ip, "link", "set", "void-end", "up"])
        run([*ip, "route", "add", f"{lost}/32", "dev", "void"])
        run([*ip, "neigh", "add", lost, "lladdr", "02:00:00:00:00:01", "dev", "void"])
        began = time.monotonic()
        found = home.verify("--address-service", f"http://{lost}/", resolve=lost)
        assert 3 < time.monotonic() - began < PATIENCE
    finally:
        run([*ip, "link", "delete", "void"])
    assert {a for a, level in not_fine(found).items() if level == "problem"} == {"https"}
    assert "forward TCP port 443" in found["https"]["remedy"]


def test_somebody_who_accepts_and_never_answers_is_borne_for_ten_seconds_at_most() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as peer:
        port = peer.getsockname()[1]
        words = ["--url", f"https://{DOMAIN}:{port}", "--resolve", "127.0.0.1", "--from", "lan"]
        began = time.monotonic()
        told = nvrstack("verify", *words, "--json")
        assert 3 < time.monotonic() - began < PATIENCE
    found = {v["about"]: v for v in told.json()["verdicts"]}
    assert {a for a, level in not_fine(found).items() if level == "problem"} == {"https"}
    assert "no answer in time" in found["https"]["text"]


def test_one_alias_that_nginx_does_not_know(home: House, tmp_path: Path) -> None:
    settings = home.project.directory / "nvrstack.toml"
    before = settings.read_text()
    settings.write_text(before.replace("aliases = []", 'aliases = ["cams.example.com"]'))
    try:
        found = home.verify()
    finally:
        settings.write_text(before)
    assert not_fine(found) == {"certificate cams.example.com": "problem"}
    assert "nvrstack render" in found["certificate cams.example.com"]["remedy"]

"""One real update, and one refusal, in each provider's own protocol. A new provider is one more."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nvrstack.services.providers import Provider as Entry
from nvrstack.services.providers import providers
from nvrstack.services.releases import is_newer
from tests.bed.paths import STANDINS
from tests.bed.process import end, run
from tests.contract import ddclients, extremes
from tests.contract.space import inside
from tests.contract.updater import ADDRESS, HOST, PORT, SERVER, provider, updater

SECRET = "t0ken_of-their.own"
CASES = [
    (name, release)
    for name, entry in providers().items()
    for release in ddclients.releases()
    if name not in {"custom", "nsupdate"} and not is_newer(entry.since, ddclients.version(release))
]
"""The tests of run.pl speak to a custom server."""


@contextmanager
def interfaces(folder: Path, netns: str, login: str) -> Iterator[Path]:
    """Run the stand-in for all of them; the log of what it was asked."""
    pair, log = folder / "pair.pem", folder / "asked"
    names = ",".join(f"DNS:{name}" for name in SERVERS)
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    subject = ["-subj", "/CN=providers", "-addext", f"subjectAltName={names}"]
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "root.pem")]
    run(["openssl", "req", "-x509", *options, *subject, *files])
    pair.write_text((folder / "root.pem").read_text() + (folder / "key").read_text())
    (folder / "credentials").write_text(json.dumps([login, SECRET]))
    words = ["--certificate", str(pair), "--log", str(log)]
    words += ["--credentials", str(folder / "credentials")]
    process = subprocess.Popen(
        [*inside(netns), sys.executable, str(STANDINS / "dns_providers.py"), *words],
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    assert process.stderr is not None
    try:
        assert b"listening" in process.stderr.readline()
        yield log
    finally:
        end([process.pid], seconds=2)
        process.wait(timeout=5)
        process.stderr.close()


SERVERS = {
    "api.cloudflare.com": "cloudflare",
    "update.dedyn.io": "desec",
    "api.digitalocean.com": "digitalocean",
    "www.duckdns.org": "duckdns",
    "members.dyndns.org": "dyn",
    "api.dynu.com": "dynu",
    "api.cp.easydns.com": "easydns",
    "freedns.afraid.org": "freedns",
    "api.gandi.net": "gandi",
    "api.godaddy.com": "godaddy",
    "api.hetzner.cloud": "hetzner",
    "dynamicdns.park-your-domain.com": "namecheap",
    "dynupdate.no-ip.com": "noip",
    "www.ovh.com": "ovh",
    "api.porkbun.com": "porkbun",
    "dynamic.zoneedit.com": "zoneedit",
}
"""Where each provider's documentation says that updates are sent."""


def settings(entry: Entry) -> dict[str, Any]:
    """What a person would enter for nvr.example.com, or its like at that provider."""
    given: dict[str, Any] = dict(extremes.provider_change(entry.name)["ddns"])
    given["hosts"] = [f"nvr{entry.host_suffix or '.example.com'}"]
    given["login"] = entry.login and ("example.com" if entry.name == "namecheap" else "me")
    given["address_services"] = [f"http://{SERVER}:{PORT}/ip"]
    return {"ddns": {"server": None, **given}}


def told(log: Path) -> list[tuple[str, bool, str | None]]:
    """Provider, whether the credentials were right, and the address, of each request."""
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    return [(SERVERS[entry["host"]], entry["right"], entry["told"]) for entry in entries]


@pytest.mark.parametrize(("name", "release"), CASES)
def test_an_update_arrives_and_a_wrong_secret_is_told_of(
    name: str, release: str, tmp_path: Path, netns: str
) -> None:
    entry = providers()[name]
    change = settings(entry)
    made = updater(tmp_path, netns, release, change, names=" ".join(SERVERS), password=SECRET)
    (host,) = change["ddns"]["hosts"]
    # Duck DNS has one word for all that it refuses.
    refusal = "denied" if name == "duckdns" else "badauth"
    with (
        provider(tmp_path, netns) as _,
        interfaces(tmp_path, netns, change["ddns"]["login"]) as log,
    ):
        root = made.container.with_mount(
            "/etc/ssl/certs/ca-certificates.crt", tmp_path / "root.pem"
        )
        with root.started(made.log) as running:
            assert made.comes_to("good", host), (running.text(), made.host(host))
            asked = told(log)
            assert [entry for entry in asked if entry[2]] == [(name, True, ADDRESS)]
            made.change(password="wrong_one")
            assert made.comes_to(refusal, host), (running.text(), made.host(host))
            # Nothing in between, and the refused secret was shown only once.
            assert told(log) == [*asked, (name, False, None)]
            assert made.health().stdout.startswith(f"{host}: {refusal}: ")
            assert "wrong_one" not in running.text() + made.health().stdout


APEX = [(n, r) for n, r in CASES if n in {"gandi", "godaddy", "namecheap", "porkbun"}]
"""Those that are told a label and a zone instead of a whole name."""


@pytest.mark.parametrize(("name", "release"), APEX)
def test_the_zone_itself_is_told_and_no_name_below_it(
    name: str, release: str, tmp_path: Path, netns: str
) -> None:
    zone = HOST.partition(".")[2]
    change = {"ddns": {**settings(providers()[name])["ddns"], "hosts": [zone, HOST]}}
    made = updater(tmp_path, netns, release, change, names=" ".join(SERVERS), password=SECRET)
    login = change["ddns"]["login"]
    with provider(tmp_path, netns) as _, interfaces(tmp_path, netns, login) as log:
        root = made.container.with_mount(
            "/etc/ssl/certs/ca-certificates.crt", tmp_path / "root.pem"
        )
        with root.started(made.log) as running:
            assert made.comes_to("good", HOST), (running.text(), made.host(HOST))
            assert made.comes_to("good", zone), (running.text(), made.host(zone))
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [entry["name"] for entry in entries if entry["told"]] == [zone, HOST]


def test_duck_dns_is_told_its_own_name_once_and_a_strange_one_spoils_no_other(
    tmp_path: Path, netns: str
) -> None:
    labels = ["strange", "nas.nvr", "nvr", "cams.nvr"]
    hosts = [f"{label}.duckdns.org" for label in labels]
    change = {"ddns": {**settings(providers()["duckdns"])["ddns"], "hosts": hosts}}
    made = updater(tmp_path, netns, "own", change, names=" ".join(SERVERS), password=SECRET)
    with provider(tmp_path, netns) as _, interfaces(tmp_path, netns, "") as log:
        root = made.container.with_mount(
            "/etc/ssl/certs/ca-certificates.crt", tmp_path / "root.pem"
        )
        with root.started(made.log) as running:
            assert made.comes_to("good", "nvr.duckdns.org"), running.text()
            assert made.looked_again()
    assert told(log) == [("duckdns", False, None), ("duckdns", True, ADDRESS)]
    assert list(made.state["hosts"]) == ["nvr.duckdns.org", "strange.duckdns.org"]
    assert made.health().stdout.startswith(
        "strange.duckdns.org: denied: the token is wrong, or the name is not in its account (KO)"
    )


def test_an_own_name_server_is_told_by_its_program(tmp_path: Path, netns: str) -> None:
    """Which program of BIND's is a stand-in here: it notes the key file and the instructions."""
    key = 'key "ddns" {\n\talgorithm hmac-sha256;\n\tsecret "c2VjcmV0";\n};'
    program = tmp_path / "nsupdate"
    program.write_text(
        '#!/bin/sh\ncat "$2" >/tmp/key; cat >/tmp/instructions; exit "$(cat /answer)"\n'
    )
    program.chmod(0o755)
    answer = tmp_path / "answer"
    answer.write_text("0")
    change: dict[str, Any] = dict(extremes.provider_change("nsupdate")["ddns"])
    change |= {"hosts": [HOST], "address_services": [f"http://{SERVER}:{PORT}/ip"], "ttl": "7m"}
    made = updater(tmp_path, netns, "own", {"ddns": change}, password=key)
    service = made.container.with_mount("/usr/bin/nsupdate", program).with_mount("/answer", answer)
    with provider(tmp_path, netns) as server, service.started(made.log) as running:
        assert made.comes_to("good"), running.text()
        assert (tmp_path / "tmp/key").read_text().strip() == key
        assert (tmp_path / "tmp/instructions").read_text().splitlines() == [
            "server 127.0.0.1 8245",
            "zone example.com.",
            f"update delete {HOST}. A",
            f"update add {HOST}. 420 A {ADDRESS}",
            "send",
        ]
        answer.write_text("2")
        server.answers(address="192.31.196.8")
        assert made.comes_to("unreachable"), running.text()

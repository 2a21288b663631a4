"""`nvrstack init` with a person at a real terminal."""

import json
import re
import sys
from pathlib import Path

import pexpect
import pytest

from nvrstack.services.dns_providers import dns_providers
from tests.unit.commands import tree
from tests.unit.samples import STACKS, credentials_of
from tests.unit.terminals import WAIT_SECONDS, terminal

SECRET = "tr0ub4dor&3"


def answer(child: "pexpect.spawn[str]", question: str, text: str) -> None:
    child.expect(re.escape(question))
    child.sendline(text)


def test_a_person_is_asked_and_a_wrong_answer_is_asked_again(tmp_path: Path) -> None:
    state = "moonfire.state_dir=data/moonfire"
    asks = STACKS["public"].requires
    with terminal(tmp_path, "init", "project", "--set", state) as child:
        answer(child, "Which stack [public]", "pubic")
        child.expect("there is no stack 'pubic'")
        answer(child, "Which stack [public]", "")
        answer(child, asks["site.domain"], "192.168.1.2")
        child.expect("'192.168.1.2' is an IP address")
        answer(child, asks["site.domain"], "nvr.example.com")
        answer(child, asks["ddns.provider"], "godady")
        child.expect("'godady' is not known")
        answer(child, asks["ddns.provider"], "noip")
        answer(child, "No-IP: ", "me@example.com")
        answer(child, "Time zone", "europe/berlin")
        child.expect("write 'Europe/Berlin'")
        answer(child, "Time zone", "Europe/Berlin")
        answer(child, "address in your network", "192.168.1.20")
        answer(child, "Enter for none", "")
        child.expect("No-IP: the password")
        child.waitnoecho()
        child.sendline(SECRET)
        child.expect("Sign in")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    said = (tmp_path / "log").read_text()
    assert SECRET not in said
    assert "\x1b" not in said
    written = (tmp_path / "project/nvrstack.toml").read_text()
    for line in ('stack = "public"', 'provider = "noip"', 'lan_address = "192.168.1.20"'):
        assert line in written
    secret = tmp_path / "project/secrets/ddns_password"
    assert secret.read_text() == f"{SECRET}\n"
    assert secret.stat().st_mode & 0o777 == 0o600
    holders = {path for path, (_, data) in tree(tmp_path).items() if SECRET.encode() in data}
    assert holders == {"project/secrets/ddns_password", "project/ddclient/ddclient.conf"}


def unseen(child: "pexpect.spawn[str]", question: str, text: str) -> None:
    """Answer where nothing is shown of what is typed."""
    child.expect(re.escape(question))
    child.waitnoecho()
    child.sendline(text)


def test_a_person_is_asked_for_each_credential_of_the_dns_provider(tmp_path: Path) -> None:
    state = "moonfire.state_dir=data/moonfire"
    stack = ("--stack", "dns-challenge", "--set", "certificate.eab_key_id=kid-1")
    with terminal(tmp_path, "init", "project", *stack, "--set", state) as child:
        answer(child, STACKS["dns-challenge"].requires["site.domain"], "nvr.example.com")
        child.expect("cloudflare, desec,")
        child.sendline("ovhh")
        child.expect("'ovhh' is not known")
        answer(child, "cloudflare, desec,", "ovh")
        answer(child, "Enter if you know", "")
        answer(child, "Time zone", "Europe/Berlin")
        answer(child, "address in your network", "192.168.1.20")
        answer(child, "Enter for none", "")
        unseen(child, "HMAC key", f"{SECRET}-hmac")
        answer(child, "OVH: the endpoint, ovh-eu or ovh-ca", "ovh-eu")
        unseen(child, "OVH: the application key", f"{SECRET}-1")
        unseen(child, "OVH: the application secret", f"{SECRET}-2")
        unseen(child, "OVH: the consumer key", f"{SECRET}-3")
        child.expect("Sign in")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    assert SECRET not in (tmp_path / "log").read_text()
    credentials = tmp_path / "project/secrets/dns_credentials"
    assert credentials.read_text().splitlines() == [
        "dns_ovh_endpoint = ovh-eu",
        f"dns_ovh_application_key = {SECRET}-1",
        f"dns_ovh_application_secret = {SECRET}-2",
        f"dns_ovh_consumer_key = {SECRET}-3",
    ]
    assert (tmp_path / "project/secrets/eab_hmac_key").read_text() == f"{SECRET}-hmac\n"
    holders = {p: mode for p, (mode, data) in tree(tmp_path).items() if SECRET.encode() in data}
    assert set(holders) == {
        "project/certbot/dns-credentials",
        "project/certbot/eab.ini",
        "project/secrets/dns_credentials",
        "project/secrets/eab_hmac_key",
    }
    assert {mode & 0o777 for mode in holders.values()} == {0o600}


def test_a_person_gives_the_file_of_credentials_that_was_downloaded(tmp_path: Path) -> None:
    google = dns_providers()["google"]
    (tmp_path / "given.json").write_text(credentials_of(google, SECRET))
    settings = (
        *("--set", "site.domain=nvr.example.com", "--set", "certificate.dns_provider=google"),
        *("--set", "moonfire.state_dir=data/moonfire", "--set", "moonfire.timezone=UTC"),
        *("--set", "moonfire.sample_dirs=", "--set", "network.lan_address=192.168.1.20"),
    )
    with terminal(tmp_path, "init", "project", "--stack", "dns-challenge", *settings) as child:
        answer(child, "Enter if you know", "")
        answer(child, "Google Cloud DNS: the file that you downloaded", "given.json")
        child.expect("Sign in")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    written = tmp_path / "project/certbot/dns-credentials"
    assert json.loads(written.read_text()) == json.loads((tmp_path / "given.json").read_text())
    assert written.stat().st_mode & 0o777 == 0o600
    assert SECRET not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_an_interrupted_person_leaves_nothing_behind(key: str, tmp_path: Path) -> None:
    with terminal(tmp_path, "init", "project") as child:
        answer(child, "Which stack", "lan")
        child.expect(re.escape(STACKS["lan"].requires["site.domain"]))
        child.expect(": ")
        child.send(key)
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 130
    assert "Traceback" not in (tmp_path / "log").read_text()
    assert sorted(tree(tmp_path)) == ["log"]


def test_with_yes_a_person_is_not_asked(tmp_path: Path) -> None:
    with terminal(tmp_path, "init", "project", "--stack", "lan", "--yes") as child:
        child.expect("site.domain: is missing")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 2
    assert sorted(tree(tmp_path)) == ["log"]


@pytest.mark.parametrize("arguments", [["init"], ["init", "project"], ["render"], ["user", "list"]])
def test_a_deleted_current_directory_is_a_clear_error(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    script = 'cd gone && rmdir ../gone && exec "$@"'
    words = ["-c", script, "sh", sys.executable, "-m", "nvrstack", *arguments]
    child = pexpect.spawn("sh", words, cwd=str(tmp_path), encoding="utf-8", timeout=WAIT_SECONDS)
    text = child.read()
    child.wait()
    assert child.exitstatus == 2
    assert "the current directory does not exist any more" in text
    assert "Traceback" not in text

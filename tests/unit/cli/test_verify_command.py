"""What `nvrstack verify` asks for, refuses, and prints."""

from pathlib import Path

import pytest

from nvrstack.errors import ExitCode
from nvrstack.projects.project import LoadedProject
from nvrstack.projects.verifying import target_of
from nvrstack.stacks import load_stacks
from tests.unit.commands import nvrstack
from tests.unit.samples import settings_for
from tests.unit.visits import ROOT

NOBODY = "127.0.0.1"
"""Where nothing listens on the port that is visited."""
URL = ("--url", "https://nvr.example.com:1", "--resolve", NOBODY, "--from", "lan")


def loaded(directory: Path, stack: str, **changes: dict[str, object]) -> LoadedProject:
    return LoadedProject(directory, settings_for(stack, changes), load_stacks()[stack])


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--url", "ftp://nvr.example.com"), "is no web address"),
        (("--url", "https://"), "is no web address"),
        (("--url", "nvr..example.com"), "is no web address"),
        (("--url", f"{'n' * 64}.example.com"), "is no web address"),
        (("--url", "https://nvr.example.com:port"), "is no web address"),
        (("--url", "nvr.example.com", "--resolve", "nvr"), "--resolve nvr: is no IP address"),
        (("--url", "nvr.example.com", "--login", "me"), "no password was given"),
        ((), "no nvrstack.toml here"),
    ],
)
def test_bad_input_is_refused(
    words: tuple[str, ...], error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = nvrstack("verify", *words)
    assert told.code == ExitCode.BAD_INPUT
    assert error in told.stderr
    assert "hint: " in told.stderr
    assert not told.stdout


def test_nobody_there_is_told_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = nvrstack("verify", *URL, "--json")
    assert told.code == ExitCode.CHECK_FAILED
    assert told.json()["schema"] == 1
    assert told.json()["url"] == "https://nvr.example.com:1/"
    (https,) = [v for v in told.json()["verdicts"] if v["about"] == "https"]
    assert https["level"] == "problem"
    assert "refused" in https["text"]
    shown = nvrstack("verify", *URL)
    assert "port 1 of 127.0.0.1: the connection was refused" in " ".join(shown.stdout.split())
    assert shown.code == ExitCode.CHECK_FAILED


def test_the_password_is_read_and_never_shown(tmp_path: Path) -> None:
    words = ["--login", "me", "--password-stdin", "--json"]
    told = nvrstack("verify", *URL, *words, stdin="s3cret-word\n")
    assert told.code == ExitCode.CHECK_FAILED
    assert "login" in {v["about"] for v in told.json()["verdicts"]}
    assert "s3cret-word" not in told.stdout + told.stderr


def test_a_project_is_visited_from_the_internet_by_the_routers_ports(tmp_path: Path) -> None:
    target = target_of(
        loaded(
            tmp_path, "router-ddns", site={"https_port": 8443, "redirects": ["old.example.com"]}
        ),
        None,
    )
    assert (target.place.http_port, target.place.https_port) == (80, 443)
    assert target.request.names == ("nvr.example.com", "old.example.com")
    assert target.request.address_services
    assert target.request.private_subnet == "172.31.255.0/29"
    assert target.expected.needs_port_80
    assert target.expected.hsts


def test_a_lan_is_visited_at_home_and_asks_nobody_outside(tmp_path: Path) -> None:
    root = tmp_path / "tls/local/root.pem"
    root.parent.mkdir(parents=True)
    root.write_bytes(ROOT.pem)
    site = {"domain": "nvr.home.arpa", "http_port": 8081, "https_port": 8443}
    target = target_of(loaded(tmp_path, "lan", site=site), None)
    assert (target.place.http_port, target.place.https_port) == (8081, 8443)
    assert target.place.origin == "https://nvr.home.arpa:8443"
    assert target.request.roots == (ROOT.pem,)
    assert target.request.address_services == ()
    assert not target.expected.hsts
    root.write_bytes(b"damaged")
    assert target_of(loaded(tmp_path, "lan", site=site), None).request.roots == ()


def test_port_80_need_not_be_open_for_a_challenge_by_dns(tmp_path: Path) -> None:
    target = target_of(loaded(tmp_path, "dns-challenge"), None)
    assert not target.expected.needs_port_80
    site_file = tmp_path / "nginx/sites/moonfire.conf"
    site_file.parent.mkdir(parents=True)
    site_file.write_text("proxy_buffering off;")
    again = target_of(loaded(tmp_path, "dns-challenge"), None)
    assert target.expected.site_file is None
    assert again.expected.site_file == "proxy_buffering off;"

"""What a person is asked, in which order, and what is left to do at the end."""

import shlex
from pathlib import PurePosixPath
from typing import Any

import pytest

from nvrstack.rendering.layout import directories
from nvrstack.rendering.next_steps import next_steps
from nvrstack.services.providers import providers
from nvrstack.settings.answers import from_value
from nvrstack.settings.load import merge
from nvrstack.settings.questions import next_question
from tests.unit.samples import STACKS, settings_for

FOUND = {"moonfire": {"timezone": "Europe/Berlin"}, "network": {"lan_address": "192.168.1.20"}}
LAST = ["moonfire.timezone", "network.lan_address", "moonfire.sample_dirs"]


def asked(stack: str, answers: dict[str, Any], given: dict[str, str]) -> list[str]:
    """The keys of all questions, each answered from `given` or by Enter."""
    keys: list[str] = []
    while question := next_question(answers, frozenset(keys), STACKS[stack], FOUND):
        assert len(keys) < 20
        keys.append(question.key)
        answer = given.get(question.key, question.default or "")
        if answer:
            answers = merge(answers, from_value(question.key, answer))
    return keys


def test_what_the_pinned_ddclient_refuses_is_not_offered() -> None:
    needed = {"site": {"domain": "nvr.example.com"}}
    newer = merge(needed, {"images": {"ddclient": "linuxserver/ddclient:v4.0.1-ls1"}})
    router = merge(needed, {"ddns": {"updater": "router"}})
    for stack, answers, offered in (
        ("public", needed, False),
        ("public", newer, True),
        ("router-ddns", router, True),
    ):
        question = next_question(answers, frozenset(), STACKS[stack], FOUND)
        assert question is not None
        assert question.key == "ddns.provider"
        assert ("hetzner" in question.text) == offered
        assert "godaddy" in question.text


@pytest.mark.parametrize(
    ("stack", "given", "expected"),
    [
        ("lan", {}, ["site.domain"]),
        ("router-ddns", {}, ["site.domain", "ddns.provider"]),
        ("public", {"ddns.provider": "noip"}, ["site.domain", "ddns.provider", "ddns.login"]),
        ("public", {"ddns.provider": "duckdns"}, ["site.domain", "ddns.provider"]),
        ("public", {"ddns.provider": "cloudflare"}, ["site.domain", "ddns.provider", "ddns.zone"]),
        (
            "public",
            {"ddns.provider": "custom"},
            ["site.domain", "ddns.provider", "ddns.login", "ddns.server"],
        ),
    ],
)
def test_a_stack_asks_what_it_and_its_provider_need(
    stack: str, given: dict[str, str], expected: list[str]
) -> None:
    assert asked(stack, {}, given) == expected + LAST


def test_what_is_answered_already_is_not_asked() -> None:
    answers = {"site": {"domain": "x.example.com"}, "moonfire": {"sample_dirs": []}}
    assert asked("lan", answers, {}) == ["moonfire.timezone", "network.lan_address"]


def test_what_the_host_knows_is_the_default() -> None:
    answers = {"site": {"domain": "x.example.com"}}
    question = next_question(answers, frozenset(), STACKS["lan"], FOUND)
    assert question is not None
    assert (question.key, question.default) == ("moonfire.timezone", "Europe/Berlin")
    unknown = next_question(answers, frozenset(), STACKS["lan"], {})
    assert unknown is not None
    assert unknown.default is None


@pytest.mark.parametrize("name", list(providers()))
def test_each_provider_says_what_to_enter(name: str) -> None:
    provider = providers()[name]
    assert provider.documentation.startswith("https://")
    assert provider.password
    answers = {"site": {"domain": "a.example.com"}, "ddns": {"provider": name}}
    question = next_question(answers, frozenset(), STACKS["public"], FOUND)
    assert question is not None
    assert question.text.startswith(f"{provider.title}: ") or question.key in LAST


CHANGE = {
    "site": {"http_port": 8080, "https_port": 8443},
    "network": {"lan_address": "192.168.1.20"},
}


@pytest.mark.parametrize("stack", ["public", "router-ddns"])
def test_the_router_is_told_to_forward_to_this_users_own_address_and_ports(stack: str) -> None:
    steps = next_steps(settings_for(stack, CHANGE), "/p", has_database=True, has_user=True)
    assert len(steps) == 3
    said = "\n".join(steps[0].lines)
    assert "forward TCP port 80 to 192.168.1.20, port 8080" in said
    assert "forward TCP port 443 to 192.168.1.20, port 8443" in said
    assert ("Dynamic DNS" in said) == (stack == "router-ddns")
    assert steps[-1].lines == ("https://nvr.example.com/",)


def test_the_lan_stack_tells_of_the_name_and_the_root_certificate() -> None:
    steps = next_steps(settings_for("lan", CHANGE), "/p", has_database=True, has_user=True)
    said = "\n".join(steps[0].lines)
    assert "let nvr.home.arpa lead to 192.168.1.20" in said
    assert "http://nvr.home.arpa:8080/install" in said
    assert steps[-1].lines == ("https://nvr.home.arpa:8443/",)


@pytest.mark.parametrize("has_database", [True, False])
@pytest.mark.parametrize("has_user", [True, False])
def test_what_could_not_be_done_is_left_to_do(*, has_database: bool, has_user: bool) -> None:
    project = "/srv/it's my nvr"
    steps = next_steps(settings_for("lan"), project, has_database=has_database, has_user=has_user)
    lines = [line for step in steps for line in step.lines]
    assert any("moonfire-nvr init" in line for line in lines) is not has_database
    assert any("user add" in line for line in lines) is not has_user
    assert "docker compose up -d" in lines
    commands = [shlex.split(line) for line in lines if line.startswith(("cd ", "nvrstack "))]
    assert commands
    assert all(project in words for words in commands)


@pytest.mark.parametrize("stack", list(STACKS))
def test_directories_are_private_and_belong_to_whom_uses_them(stack: str) -> None:
    change = {"moonfire": {"state_dir": "/srv/state", "sample_dirs": ["/media/a", "/media/b"]}}
    found = directories(settings_for(stack, change), STACKS[stack])
    assert {entry.mode for entry in found} == {0o700}
    owners = {entry.path: entry.owner for entry in found}
    assert [p for p, o in owners.items() if o == "moonfire"] == [
        "/srv/state",
        "/media/a",
        "/media/b",
    ]
    assert {"secrets", "tls", "data", ".nvrstack"} <= set(owners)
    assert ("data/letsencrypt" in owners) == STACKS[stack].runs("certbot")
    assert ("data/ddclient" in owners) == STACKS[stack].runs("ddclient")
    assert ("tls/authority" in owners) == (stack == "lan")
    # A parent comes before what is in it.
    paths = list(owners)
    for path in paths:
        parent = str(PurePosixPath(path).parent)
        assert parent not in paths or paths.index(parent) < paths.index(path)

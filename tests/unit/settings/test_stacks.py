"""Stacks: the shipped ones, a further one, and broken ones."""

from pathlib import Path

import pytest

from nvrstack.errors import InputError
from nvrstack.rendering.render import Material, render
from nvrstack.settings.load import merge, validate
from nvrstack.stacks import find_stack, load_stacks
from tests.unit.commands import nvrstack
from tests.unit.samples import NAMES, NEEDED, STACKS, USUAL, secrets_for, settings_for

GOOD = """\
name: mine
title: A title
description: What it is for
services: [moonfire-nvr, nginx]
requires:
  site.domain: The name
defaults:
  certificate:
    authority: local
"""


def test_the_three_uses_are_shipped() -> None:
    assert set(NAMES) >= {"public", "router-ddns", "lan"}
    assert STACKS["public"].services == ("moonfire-nvr", "nginx", "certbot", "ddclient")
    assert STACKS["router-ddns"].services == ("moonfire-nvr", "nginx", "certbot")
    assert STACKS["lan"].services == ("moonfire-nvr", "nginx")


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_stack_says_what_it_is_for_and_renders(name: str) -> None:
    stack = STACKS[name]
    assert len(stack.description.split()) > 15
    assert all(len(sentence.split()) > 2 for sentence in stack.requires.values())
    files = render(settings_for(name), stack, Material(secrets_for(name)))
    assert {"compose.yaml", "README.md", ".gitignore", "nginx/nginx.conf"} <= set(files)
    assert list(files) == sorted(files)
    for service in ("certbot", "ddclient"):
        assert any(path.startswith(service) for path in files) == stack.runs(service)


@pytest.mark.parametrize("name", NAMES)
def test_the_list_of_stacks_tells_what_each_needs(name: str) -> None:
    entries = {entry["name"]: entry for entry in nvrstack("stacks", "--json").json()["stacks"]}
    assert entries[name]["requires"] == STACKS[name].requires
    assert f"{name}: {STACKS[name].title}" in nvrstack("stacks").stdout


def test_a_further_stack_is_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    (tmp_path / "README").write_text("no stack")
    stacks = load_stacks(tmp_path)
    assert list(stacks) == ["mine"]
    data = merge(merge(USUAL, NEEDED["lan"]), {"stack": "mine"})
    settings = validate(data, "nvrstack.toml", stacks)
    assert settings.certificate.is_local
    assert "compose.yaml" in render(settings, stacks["mine"])


def test_an_unknown_stack_is_named_with_the_ones_there_are() -> None:
    with pytest.raises(InputError, match="there is no stack 'x'") as caught:
        find_stack("x", STACKS)
    assert all(name in caught.value.hint for name in NAMES)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (GOOD, "name: [", "is not readable as YAML"),
        (GOOD, "\x00", "is not readable as YAML"),
        (GOOD, "", "the file: "),
        (GOOD, "- a\n- b\n", "the file: "),
        ("title: A title\n", "", "title: Field required"),
        ("title: A title", "title:", "title: "),
        ("title: A title", "title: 5", "title: "),
        ("title: A title", "titel: A title", "title: Field required"),
        (GOOD, f"{GOOD}colour: red\n", "colour: Extra inputs are not permitted"),
        ("name: mine", "name: Mine!", "name: "),
        ("name: mine", "name: yours", "name the file yours.yaml"),
        ("nginx]", "nginx, traefik]", "services: 'traefik' has no folder in compose-templates"),
        ("moonfire-nvr, ", "", "services: 'moonfire-nvr' is missing"),
        ("[moonfire-nvr, nginx]", "nginx", "services: "),
        ("site.domain: The name", "site.domain: 5", "requires.site.domain: "),
        ("defaults:\n  certificate:\n    authority: local", "defaults: 1", "defaults: "),
    ],
)
def test_a_broken_stack_is_one_clear_error(old: str, new: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_stacks(tmp_path)
    assert caught.value.message.startswith("stacks/mine.yaml: ")
    assert words in caught.value.message


def test_a_stack_that_is_no_text_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"stacks/mine\.yaml: is not readable"):
        load_stacks(tmp_path)

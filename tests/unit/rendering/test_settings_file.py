"""The text of `nvrstack.toml` that `init` writes."""

import tomllib

import pytest
from hypothesis import given

from nvrstack.rendering.render import Material, render
from nvrstack.rendering.settings_file import settings_text
from nvrstack.settings.answers import known_keys
from nvrstack.settings.load import load
from nvrstack.settings.model import Settings
from tests.unit.samples import NAMES, STACKS, secrets_of, settings_for
from tests.unit.strategies import any_settings, fewer


@fewer
@given(any_settings())
def test_any_settings_read_back_as_they_were_written(settings: Settings) -> None:
    assert load(settings_text(settings), "nvrstack.toml", STACKS) == settings


@fewer
@given(any_settings())
def test_the_same_settings_give_the_same_bytes(settings: Settings) -> None:
    stack, material = STACKS[settings.stack], Material(secrets_of(settings))
    again = load(settings_text(settings), "nvrstack.toml", STACKS)
    assert settings_text(again) == settings_text(settings)
    assert list(render(settings, stack, material).items()) == list(
        render(again, stack, material).items()
    )


@pytest.mark.parametrize("stack", NAMES)
def test_the_file_shows_every_setting_there_is(stack: str) -> None:
    text = settings_text(settings_for(stack))
    shown: set[str] = set()
    section = ""
    for line in text.splitlines():
        name, equals, _ = line.removeprefix("# ").partition(" = ")
        if name.startswith("["):
            section = name.strip("[]") + "."
        elif equals and name.replace("_", "").isalnum():
            shown.add(section + name)
    assert {key for key in shown if not key.startswith("sites.")} == set(known_keys())


def test_every_example_that_is_commented_out_is_a_valid_setting() -> None:
    text = settings_text(settings_for("public", {"ddns": {"provider": "custom", "server": "a.b"}}))
    examples = [line for line in text.splitlines() if line.startswith("# ") and " = " in line]
    assert {line.split()[1] for line in examples} >= {"email", "lan_address", "public_https_port"}
    for line in examples:
        tomllib.loads(line.removeprefix("# "))
    for key in ("email", "lan_address", "public_https_port"):
        text = text.replace(f"# {key} = ", f"{key} = ")
    settings = load(text, "nvrstack.toml", STACKS)
    assert settings.site.public_https_port == 8443


def test_a_missing_optional_setting_stays_missing() -> None:
    data = tomllib.loads(settings_text(settings_for("lan")))
    assert "email" not in data["certificate"]
    assert "provider" not in data["ddns"]

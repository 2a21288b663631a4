"""Quoting: what each target reads back is what was put in, and nothing more."""

import json
import re
import shlex
import tomllib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.rendering import quoting
from nvrstack.rendering.templates import environment
from tests.unit.strategies import ODD_TEXT, quickly


def filtered(name: str, value: str) -> str:
    """A value as a template would write it."""
    template = environment().from_string("{{ value | " + name + " }}")
    return template.render(value=value)


ANY_TEXT = st.one_of(ODD_TEXT, st.text())
ENCODABLE = ANY_TEXT.filter(lambda text: not any(0xD800 <= ord(c) <= 0xDFFF for c in text))


@quickly
@given(ENCODABLE)
def test_yaml_keeps_a_value_in_its_place_with_dollars_doubled(value: str) -> None:
    quoted = quoting.quote_yaml(value)
    assert len(quoted.splitlines()) == 1
    document = f"before: 1\nkey: {quoted}\nlist:\n  - {quoted}\n  - [{quoted}, 1]\nafter: 2\n"
    expected = value.replace("$", "$$")
    assert yaml.safe_load(document) == {
        "before": 1,
        "key": expected,
        "list": [expected, [expected, 1]],
        "after": 2,
    }


def compose_reads(text: str) -> str:
    """What Compose's interpolation makes of a value; it fails where a variable would be read."""
    rest = re.sub(r"\$\$", "", text)
    assert "$" not in rest
    return text.replace("$$", "$")


@quickly
@given(ENCODABLE)
def test_compose_reads_no_variable_from_a_quoted_value(value: str) -> None:
    assert compose_reads(yaml.safe_load(quoting.quote_yaml(value))) == value


@quickly
@given(ANY_TEXT)
def test_nginx_gets_a_plain_word_or_nothing(value: str) -> None:
    try:
        word = quoting.quote_nginx(value)
    except ValueError:
        return
    assert word == value
    assert re.fullmatch(r"[^\s\"'\\;{}#$\x00-\x20]+", word)


@pytest.mark.parametrize(
    "value", ["", "a b", "a;b", "$host", "a{", "a}", "#", "'", '"', "a\\", "\n"]
)
def test_nginx_has_no_way_to_spell_some_values(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be written in an nginx configuration"):
        quoting.quote_nginx(value)


@quickly
@given(ENCODABLE.filter(lambda text: "\0" not in text))
def test_sh_reads_one_word(value: str) -> None:
    assert shlex.split(f"echo {filtered('sh', value)} end") == ["echo", value, "end"]


@quickly
@given(ENCODABLE)
def test_toml_reads_the_value_back_on_one_line(value: str) -> None:
    quoted = quoting.quote_toml(value)
    assert "\n" not in quoted
    assert tomllib.loads(f"a = 1\nkey = {quoted}\nb = 2\n") == {"a": 1, "key": value, "b": 2}


@quickly
@given(st.lists(ENCODABLE, max_size=4).map(tuple))
def test_toml_reads_lists_back_on_one_line(values: tuple[str, ...]) -> None:
    quoted = quoting.quote_toml(values)
    assert "\n" not in quoted
    assert tomllib.loads(f"key = {quoted}\n")["key"] == list(values)


@quickly
@given(ENCODABLE)
def test_json_reads_the_value_back(value: str) -> None:
    assert json.loads(f'{{"key": {filtered("json", value)}}}') == {"key": value}


def code_span(text: str) -> tuple[str, str, str]:
    """What stands before, in and after the first code span (CommonMark section 6.1)."""
    for opening in re.finditer(r"(?<!`)(`+)(?!`)", text):
        fence = opening[1]
        closing = re.compile(rf"(?<!`){fence}(?!`)").search(text, opening.end())
        if closing:
            inside = text[opening.end() : closing.start()]
            if inside.startswith(" ") and inside.endswith(" ") and inside.strip(" "):
                inside = inside[1:-1]
            return text[: opening.start()], inside, text[closing.end() :]
    return text, "", ""


@quickly
@given(st.text(st.sampled_from("`a |*_<\\"), min_size=1, max_size=12))
def test_markdown_shows_the_value_as_code(value: str) -> None:
    before, inside, after = code_span(f"see {quoting.quote_markdown_code(value)}, yes")
    assert (before, after) == ("see ", ", yes")
    # Spaces around are what a reader does not see.
    assert inside.strip(" ") == value.strip(" ")

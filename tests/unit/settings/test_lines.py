"""The line numbers of keys, in any layout that TOML allows."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.settings.lines import key_lines
from tests.unit.strategies import quickly

KEY = st.from_regex(r"[a-z]{3,8}", fullmatch=True)
VALUE = st.sampled_from(
    [
        "1",
        '"text # no comment"',
        "'''\nmany\nlines\n'''",
        '"""one\\\n   and more"""',
        "[1, 2]",
        '[\n  "a", # first\n\n  "b",\n]',
        "{ inner = 1 }",
        "2026-01-01",
    ]
)
NOISE = st.sampled_from(["", "\n", "# a comment\n", "\n\n# [not.a.header]\n# key = 1\n", "   \n"])
INDENT = st.sampled_from(["", "  ", "\t"])
TRAIL = st.sampled_from(["\n", "  # trailing = 1\n", " \n"])


@st.composite
def pairs(draw: st.DrawFn) -> str:
    """Some keys with values; one of them may be dotted, one may be quoted."""
    text = ""
    for key in draw(st.lists(KEY, max_size=4, unique=True)):
        spelled = draw(st.sampled_from([key, f'"{key}"', f"{key}.sub", f"'{key}' . sub"]))
        text += draw(NOISE) + draw(INDENT) + f"{spelled} = " + draw(VALUE) + draw(TRAIL)
    return text


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A TOML document with tables, arrays of tables, comments and blank lines anywhere."""
    text = draw(pairs())
    for number, name in enumerate(draw(st.lists(KEY, max_size=4, unique=True))):
        header = f"{name}{number}"  # no name of a key ends in a digit
        kind = draw(st.sampled_from(["[{}]", "[ {} ]", "[{}.deep]", "[[{}]]"])).format(header)
        for _ in range(draw(st.integers(1, 3)) if kind.startswith("[[") else 1):
            text += draw(NOISE) + draw(INDENT) + kind + draw(TRAIL) + draw(pairs()) + draw(NOISE)
    return text


@quickly
@given(documents())
def test_each_reported_line_has_the_key_on_it(toml: str) -> None:
    tomllib.loads(toml)
    lines = toml.split("\n")
    found = key_lines(toml)
    for path, number in found.items():
        name = next(part for part in reversed(path) if isinstance(part, str))
        assert name in lines[number - 1], (path, number)


@quickly
@given(documents())
def test_every_top_level_key_has_a_line(toml: str) -> None:
    assert {(key,) for key in tomllib.loads(toml)} <= set(key_lines(toml))


@pytest.mark.parametrize(
    ("toml", "path", "line"),
    [
        ("a = 1\r\nb = 2\r\n", ("b",), 2),
        ("a.b.c = 1\na.d = 2", ("a", "d"), 2),
        ("[a]\nx = 1\n[a.b]\ny = 2\n", ("a", "b", "y"), 4),
        ("[[a]]\nx = 1\n[[a]]\nx = 2\n", ("a", 1, "x"), 4),
        ("a = [\n1,\n2,\n]\nb = 1\n", ("b",), 5),
        ('a = """\n\n\n"""\n\nb = 1\n', ("b",), 6),
        ("[b.c]\nx = 1\n[a]\ny = 1\n[b.d]\nz = 1\n", ("b", "d", "z"), 6),
    ],
)
def test_lines_in_unusual_layouts(toml: str, path: tuple[str | int, ...], line: int) -> None:
    assert key_lines(toml)[path] == line


def test_what_is_not_toml_has_no_lines() -> None:
    assert key_lines("a = \n") == {}

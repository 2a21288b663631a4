"""Values in ddclient.conf, read back by ddclient's own rules for a line.

The rules are those measured on ddclient 3.10 to 4.0: a line ends in a comment at the first `#`,
except where it sets a password; a value in single quotes is taken as it is; elsewhere a backslash
takes the next character as it is, and a comma or white space ends the value. The contract tests
hold this against the real program.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.rendering.quoting import quote_ddclient, quote_ddclient_password
from nvrstack.rendering.render import Material, render
from tests.unit.samples import STACKS, settings_for
from tests.unit.strategies import ODD_TEXT, PRINTABLE_TEXT, fewer, quickly

ANY_TEXT = st.one_of(ODD_TEXT, st.text())


def logical_lines(text: str) -> list[str]:
    """Comments cut, passwords taken out as `{{number}}`, continued lines joined."""
    joined = ""
    for line in text.split("\n"):
        kept = line if re.search(r"password\s*=", line) else re.sub(r"#.*", "", line)
        continued = re.fullmatch(r"(.*)\\\s*", kept, re.DOTALL)
        joined += f"{continued[1]} " if continued else f"{kept}\n"
    return [line for line in joined.split("\n") if line.strip()]


def settings_of(line: str) -> tuple[dict[str, str], str]:
    """The settings of one logical line, and the host at its end."""
    found: dict[str, str] = {}
    rest = line.strip()
    while match := re.match(r"([a-z][a-z0-9_-]*)\s*=\s*", rest):
        rest = rest[match.end() :]
        if match[1].endswith("password") and rest.startswith("'"):
            value, rest = rest[1 : rest.rindex("'")], rest[rest.rindex("'") + 1 :]
        else:
            word = re.match(r"(?:\\.|[^\\,\s])*", rest, re.DOTALL)
            assert word is not None
            value, rest = re.sub(r"\\(.)", r"\1", word[0], flags=re.DOTALL), rest[word.end() :]
        found[match[1]] = value
        rest = rest.lstrip(" ,\t")
    return found, rest


@quickly
@given(ANY_TEXT)
def test_a_value_is_read_back_or_refused(value: str) -> None:
    try:
        quoted = quote_ddclient(value)
    except ValueError:
        assert "#" in value or any(c.isspace() or ord(c) < 33 for c in value)
        return
    text = f"login={quoted}, \\\nzone=example.com, \\\nnvr.example.com\n"
    (line,) = logical_lines(text)
    assert settings_of(line) == ({"login": value, "zone": "example.com"}, "nvr.example.com")


@quickly
@given(ANY_TEXT)
def test_a_password_is_read_back_or_refused(value: str) -> None:
    try:
        quoted = quote_ddclient_password(value)
    except ValueError:
        assert any(ord(c) < 32 or ord(c) == 127 for c in value)
        return
    text = f"login=me, \\\npassword={quoted}, \\\nnvr.example.com\n"
    (line,) = logical_lines(text)
    assert settings_of(line) == ({"login": "me", "password": value}, "nvr.example.com")


@pytest.mark.parametrize("value", ["a b", "a#b", "a\tb", "a\nb", "\u00a0"])
def test_a_login_that_ddclient_would_cut_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(value))):
        quote_ddclient(value)


def test_the_sentence_about_a_password_does_not_show_it() -> None:
    with pytest.raises(ValueError, match="control characters") as caught:
        quote_ddclient_password("tr0ub\n4dor")
    assert "tr0ub" not in str(caught.value)


@fewer
@given(PRINTABLE_TEXT.filter(bool))
def test_a_whole_rendered_file_says_what_was_set(password: str) -> None:
    ddns = {"login": "o'neill+me@example.com", "hosts": ["a.example.com", "b.example.com"]}
    settings = settings_for("public", {"ddns": ddns})
    files = render(settings, STACKS["public"], Material({"ddns_password": password}))
    lines = logical_lines(files["ddclient/ddclient.conf"].content.decode())
    found = [settings_of(line) for line in lines]
    # Without a host, a setting holds for every later one: no login may be there.
    usual = {key: value for values, host in found if not host for key, value in values.items()}
    assert usual == {"ssl": "yes"}
    hosts = {host: values for values, host in found if host}
    assert list(hosts) == ["a.example.com", "b.example.com"]
    for values in hosts.values():
        assert values["password"] == password
        assert values["login"] == "o'neill+me@example.com"
        assert values["protocol"] == "noip"

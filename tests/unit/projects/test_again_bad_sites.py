"""Wrong `[[sites]]`: each is refused in one sentence with its line."""

from pathlib import Path

import pytest

from tests.unit.commands import nvrstack
from tests.unit.samples import GOOD

FIRST = GOOD.count("\n") + 3
"""The line on which the text below the header of the first site begins."""
DOMAIN = 'domain = "nas.example.com"'
UPSTREAM = 'upstream = "http://192.168.1.30:5000"'

WRONG: list[tuple[list[str], str, str, int]] = [
    # the lines, the key, a part of the sentence, the line of the mistake counted from the header's
    ([UPSTREAM], "sites[0].domain", "is missing", -1),
    ([DOMAIN], "sites[0].upstream", "is missing", -1),
    (['domain = "192.168.1.30"', UPSTREAM], "sites[0].domain", "IP address", 0),
    (['domain = "nas"', UPSTREAM], "sites[0].domain", "has no dot", 0),
    (['domain = "nas.local"', UPSTREAM], "sites[0].domain", "ends in .local", 0),
    (['domain = "nvr.example.com"', UPSTREAM], "sites[0].domain", "more than once", 0),
    (["domain = 5", UPSTREAM], "sites[0].domain", "text in quotes", 0),
    ([DOMAIN, 'upstream = "192.168.1.30:5000"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "ftp://192.168.1.30"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://192.168.1.30/x"'], "sites[0].upstream", "without a path", 1),
    ([DOMAIN, 'upstream = "http://nas:99999"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://nas:0"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://nas:x"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://me:pw@nas"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://me@nas"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://:pw@nas"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://nas?x=1"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://nas#x"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://nas;return 200"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://$host"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://1.2.3"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://[2001:db8::1]:80"'], "sites[0].upstream", "http://HOST", 1),
    ([DOMAIN, 'upstream = "http://nas..example.com"'], "sites[0].upstream", "http://HOST", 1),
    ([DOMAIN, 'upstream = "http://größe"'], "sites[0].upstream", "http://HOST:PORT", 1),
    ([DOMAIN, 'upstream = "http://172.31.255.3:8080"'], "sites[0].upstream", "own network", 1),
    ([DOMAIN, 'upstream = "http://172.31.255.2"'], "sites[0].upstream", "own network", 1),
    (
        [DOMAIN, 'upstream = "https://172.31.255.7:1"', "verify_tls = false"],
        "sites[0].upstream",
        "own network",
        1,
    ),
    ([DOMAIN, 'upstream = "https://192.168.1.30"'], "sites[0].upstream", "verify_tls = false", 1),
    (
        [DOMAIN, "verify_tls = true", 'upstream = "https://192.168.1.30:5001"'],
        "sites[0].upstream",
        "by the name in its certificate",
        2,
    ),
    ([DOMAIN, 'upstream = "http://moonfire-nvr:8080"'], "sites[0].upstream", "own network", 1),
    ([DOMAIN, 'upstream = "http://Moonfire-NVR:8080"'], "sites[0].upstream", "own network", 1),
    ([DOMAIN, UPSTREAM, 'verify_tls = "no"'], "sites[0].verify_tls", "true or false", 2),
    ([DOMAIN, UPSTREAM, "websocket = 1"], "sites[0].websocket", "true or false", 2),
    ([DOMAIN, UPSTREAM, 'host = "both"'], "sites[0].host", "'visitor', 'upstream'", 2),
    ([DOMAIN, UPSTREAM, "basic_auth = []"], "sites[0].basic_auth", "true or false", 2),
    ([DOMAIN, UPSTREAM, 'body_size = "1MB"'], "sites[0].body_size", '"50m"', 2),
    ([DOMAIN, UPSTREAM, "body_size = 5"], "sites[0].body_size", "text in quotes", 2),
    ([DOMAIN, UPSTREAM, 'body_size = "-1"'], "sites[0].body_size", '"50m"', 2),
    ([DOMAIN, UPSTREAM, "body-size = 1"], "sites[0].body-size", "did you mean body_size?", 2),
    ([DOMAIN, UPSTREAM, 'password = "s3cret"'], "sites[0].password", "secrets never", 2),
    (
        [DOMAIN, UPSTREAM, "[[sites]]", DOMAIN, UPSTREAM],
        "sites[1].domain",
        "more than once",
        3,
    ),
    (
        [DOMAIN, UPSTREAM, "[[sites]]", 'domain = "b.example.com"', "upstream = 5"],
        "sites[1].upstream",
        "text in quotes",
        4,
    ),
]


@pytest.mark.parametrize(
    ("lines", "key", "sentence", "line"), WRONG, ids=[" ".join(w[0][-2:]) for w in WRONG]
)
def test_a_wrong_site_is_one_sentence_with_its_line(
    tmp_path: Path, lines: list[str], key: str, sentence: str, line: int
) -> None:
    text = "\n".join([GOOD, "[[sites]]", *lines, ""])
    assert text.splitlines()[FIRST - 2] == "[[sites]]"
    (tmp_path / "nvrstack.toml").write_text(text)
    done = nvrstack("--project", tmp_path, "render", "--yes")
    assert done.code == 2
    problems = done.stderr.splitlines()[1:]
    assert any(p.startswith(f"  line {FIRST + line}: {key}: ") and sentence in p for p in problems)
    twice = "sites[1]" in key and "once" in sentence
    assert len(problems) == (2 if twice else 1), problems
    assert "s3cret" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["nvrstack.toml"]


def test_sites_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    for value in ("5", '["nas.example.com"]', "[5]", "{}", '"nas"'):
        (tmp_path / "nvrstack.toml").write_text(f"sites = {value}\n{GOOD}")
        done = nvrstack("--project", tmp_path, "render")
        assert done.code == 2
        assert "line 1: sites" in done.stderr, (value, done.stderr)
        assert done.stderr.count("\n") == 2


def test_every_wrong_site_is_told_of_at_once(tmp_path: Path) -> None:
    sites = "".join(f'\n[[sites]]\ndomain = "{n}.local"\nupstream = "x"\n' for n in "abc")
    (tmp_path / "nvrstack.toml").write_text(GOOD + sites)
    done = nvrstack("--project", tmp_path, "render")
    assert done.code == 2
    assert [done.stderr.count(f"sites[{index}].upstream") for index in range(3)] == [1, 1, 1]

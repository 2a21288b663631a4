"""The host's ddclient.conf is understood as each ddclient itself understands it."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from nvrstack.migration.around.ddclient_conf import read_ddclient_conf
from tests.contract import ddclients
from tests.examples import examples

RELEASES = ddclients.releases()
"""Debian's, which is what stands on hosts, and 4.0 where it is at hand."""
GENERAL = "login=g, password='of all'\n"
FILES = {
    "one a line": "protocol=noip, \\\nlogin=me, \\\npassword='a#b,c\"d', \\\nx.example\n",
    "all in one": 'protocol=noip,login="a b",password=p\\x x.example,y.example\n',
    "comma in an unquoted password": "protocol=noip password=pw, \\\nx.example\n",
    "for all below": f"{GENERAL}protocol=noip x.example\n{GENERAL.replace('of', 'no')}y.example\n",
    "twice": "login=a, password=b x.example\nlogin=c, zone=z.example x.example\n",
    "in the old way": "protocol=dyndns2 x.example me secret\n",
    "as an option": "protocol=noip, host=x.example\npassword=p, host=y.example z.example\n",
    "comments": "# x\nlogin=a # b\npassword=c # d\nx.example # e\n",
    "without blanks": "login=a,password=b,protocol=noip x.example\n",
    "blanks before": "  protocol=noip  \\\n   login=me \\\n\tpassword=pw \\\n   x.example\n",
    "blanks behind backslashes": "protocol=noip, \\ \nlogin=me, \\\t\npassword=pw \\ # x\nx.de\n",
    "ends in a continuation": "login=me x.example\nlogin=you y.example \\\n",
    "ends in a backslash": "login=me x.example\nlogin=you y.example \\",
    "hosts in quotes": "host='x.example y.example' login=me\n",
    "ends in blanks": "login=me x.example\nlogin=you y.example \\  \n",
    "only a continuation": "\\",
    "carriage returns": "protocol=noip, \\\r\nlogin=me x.example\r\n",
    "nothing": "",
}
PIECES = st.sampled_from(
    ["protocol=noip", "login=me", "login='a b'", 'login="a,b"', "login=a\\ b", "password=pw",
     "password='p w'", 'password="pw"', "password = 'p#'", "zone=z.example", "zone='z.example'",
     "server=s.example", "x.example", "x.example,y.example", "host=h.example", "", "me"]
)  # fmt: skip
ENDS = st.sampled_from(
    [" ", ", ", ",", " \\\n", ", \\\n", "\n", "\n\n", " # remark\n", "#\n", " \\ \n", ", \\\t \n",
     " \\ # remark\n", " \\#\n", " \\\\ \n", " \\\r\n"]
)  # fmt: skip
LAST = st.sampled_from(["", "\\", "\\\n", " \\ \n", ", \\\t", "\\\n\n"])
LINES = st.lists(st.builds(str.__add__, PIECES, ENDS), max_size=12).map("".join)
TEXTS = st.builds(str.__add__, LINES, LAST)


def check(release: str, texts: dict[str, str]) -> None:
    """Compare what both make of each text."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place, text in texts.items():
            (folder / place).write_bytes(text.encode())
        # It complains about much that it nevertheless reads.
        found = ddclients.read(release, folder, *texts, strict=False)
    for place, text in texts.items():
        wanted = {host: values for host, values in found[place].items() if host}
        ours = {
            host.name: {
                **host.settings,
                "host": host.name,
                **({"password": host.password} if host.password is not None else {}),
            }
            for host in read_ddclient_conf(text, over_blanks=release == "given").hosts
        }
        assert ours.keys() == wanted.keys(), text
        for host, values in ours.items():
            # Up to 3.10, the last of two entries for a host counts alone.
            if release != ddclients.OLDER_SUITE or text.count(host) == 1:
                assert values == wanted[host], text


@pytest.mark.parametrize("release", RELEASES)
def test_known_forms(release: str) -> None:
    check(release, {name.replace(" ", "-"): text for name, text in FILES.items()})


@examples(5, phases=[Phase.explicit, Phase.generate])
@given(st.lists(TEXTS, min_size=20, max_size=60))
@pytest.mark.parametrize("release", RELEASES)
def test_any_mixture(release: str, texts: list[str]) -> None:
    check(release, {str(index): text for index, text in enumerate(texts)})

"""Whatever a provider answers is reported as what it is, and is not asked for twice."""

from pathlib import Path

import pytest

from tests.bed.process import run, wait_for
from tests.contract import ddclients
from tests.contract.rendered import PASSWORD
from tests.contract.updater import HOST, PORT, SERVER, Updater, provider, updater

HOUR = 3600
EVERY = "".join(map(chr, range(ord(" "), 127)))
"""A password of every printable character."""
ANSWERS = {
    "badauth": ("badauth", HOUR, "the user name, password or token is wrong"),
    "abuse": ("abuse", HOUR, "the provider has blocked the name or the account"),
    "nohost": ("nohost", HOUR, "the provider has no such name in your account"),
    "notfqdn": ("notfqdn", HOUR, "the provider takes this for no complete name"),
    "numhost": ("numhost", HOUR, "too many names at once"),
    "!yours": ("!yours", HOUR, "the name belongs to another account"),
    "!donator": ("!donator", HOUR, "your account does not include this"),
    "dnserr": ("dnserr", HOUR / 2, "the name servers of the provider are out of order"),
    "911": ("911", HOUR / 2, "the provider is out of order"),
    "503": ("busy", HOUR / 2, "the provider asks for patience or is out of order"),
    "garbage": ("garbage", 1, "the answer is not one of this protocol (It works!)"),
    "timeout": ("timeout", 1, "the provider does not answer in time"),
}
"""What comes of each answer, how many seconds it is left alone, and the words about it."""
EASYDNS = """\
DEBUG:   [easydns][nvr.example.com][HTTP request][RESPONSE]> reply:
DEBUG:   [easydns][nvr.example.com][HTTP request][RESPONSE]  HTTP/1.1 200 OK
DEBUG:   [easydns][nvr.example.com][HTTP request][RESPONSE]  Content-Type: text/html
DEBUG:   [easydns][nvr.example.com][HTTP request][RESPONSE]  
DEBUG:   [easydns][nvr.example.com][HTTP request][RESPONSE]  <HTML><BODY><FONT SIZE="-1">{0}<br />
DEBUG:   [easydns][nvr.example.com][HTTP request][RESPONSE]  </FONT></BODY></HTML>
FAILED:  [easydns][nvr.example.com]> unexpected result: <HTML><BODY><FONT SIZE="-1">{0}<br />
FAILED:  [easydns][nvr.example.com]  </FONT></BODY></HTML>
"""  # noqa: W291
"""What ddclient 4.0.0 prints of easyDNS's answer in HTML, which it cannot read."""


def begins(made: Updater, words: str) -> bool:
    """Wait until the health check begins so."""
    return wait_for(lambda: made.health().stdout.startswith(words), seconds=60)


@pytest.mark.parametrize("release", ddclients.releases())
def test_each_answer_is_told_in_words_and_not_repeated(
    release: str, tmp_path: Path, netns: str
) -> None:
    made = updater(tmp_path, netns, release)
    with provider(tmp_path, netns) as server, made.run() as running:
        assert made.comes_to("good"), running.text()
        before = len(server.updates())
        for number, (answer, (result, wait, words)) in enumerate(ANSWERS.items(), 2):
            server.answers(answer)
            # A new configuration is tried at once, whatever came of the one before.
            made.change(password=f"{number} {PASSWORD}")
            assert made.comes_to(result), (answer, running.text(), made.host())
            said = f"{HOST}: {result}: {words}"
            # What is left alone for a second only was tried with the former configuration too.
            assert begins(made, said)
            host = made.host()
            assert host["next_attempt"] - host["last_attempt"] in (wait, wait + 1)
            health = made.health()
            assert health.returncode == 1
            assert PASSWORD not in health.stdout + running.text()
            asked = len(server.updates()) - before
            # The short waits are over before the test has looked.
            assert asked == 1 or wait == 1, answer
            before += asked
        server.answers(password=EVERY)
        made.change(password=EVERY)
        assert made.comes_to("good"), running.text()
        assert made.health().returncode == 0


@pytest.mark.parametrize("release", ddclients.releases())
def test_a_bad_certificate_and_a_silent_port_are_told_apart(
    release: str, tmp_path: Path, netns: str
) -> None:
    secure, closed = PORT + 2, PORT + 3
    pair = tmp_path / "pair.pem"
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    name = ["-subj", f"/CN={SERVER}", "-addext", f"subjectAltName=DNS:{SERVER}"]
    run(["openssl", "req", "-x509", *options, *name, "-keyout", pair, "-out", tmp_path / "crt"])
    pair.write_text((tmp_path / "crt").read_text() + pair.read_text())
    more = (tmp_path / "secure", tmp_path / "plain")
    for folder in more:
        folder.mkdir()
    made = updater(tmp_path, netns, release, {"ddns": {"server": f"https://{SERVER}:{secure}"}})
    with (
        provider(more[0], netns, "--certificate", str(pair), port=secure) as server,
        provider(more[1], netns),
        made.run() as running,
    ):
        assert made.comes_to("tls"), running.text()
        assert "the certificate or the encryption of the provider is not" in made.health().stdout
        assert server.updates() == []
        made.change({"ddns": {"server": f"http://{SERVER}:{closed}"}})
        assert made.comes_to("unreachable"), running.text()
        assert "the provider cannot be reached" in made.health().stdout
        # It comes back, and nobody has to do anything.
        with provider(more[0], netns, port=closed) as back:
            assert made.comes_to("good"), running.text()
            assert wait_for(lambda: made.health().returncode == 0, seconds=60)
            assert len(back.updates()) == 1


def test_easydns_is_read_in_html_though_ddclient_does_not(tmp_path: Path, netns: str) -> None:
    (tmp_path / "ask.pl").write_text(
        "use lib '/etc/nvrstack/ddclient'; use Answers qw(verdict); undef $/;"
        "print map { (verdict('nvr.example.com', $_))[0], ' ' } <>"
    )
    made = updater(tmp_path, netns).container.with_mount("/ask.pl", tmp_path / "ask.pl")
    words = ["OK", "NOERROR", "TOO_FREQ", "NO_AUTH", "OKLAHOMA"]
    for word in words:
        (tmp_path / word).write_text(EASYDNS.format(word))
        made = made.with_mount(f"/{word}", tmp_path / word)
    told = made.run(["perl", "/ask.pl", *(f"/{word}" for word in words)])
    assert told.stdout.split() == ["good", "good", "busy", "badauth", "garbage"], told.stderr

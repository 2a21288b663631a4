"""certbot's keeper: what it asks for, what it remembers, what it says."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.rendering.render import Material, render
from tests.unit.keeper import keeper
from tests.unit.samples import STACKS, secrets_for, settings_for
from tests.unit.strategies import quickly

WANTED = keeper.Wanted(
    "nvr.example.com", ("nvr.example.com", "b.example.com"), "https://ca", "me@x.de", "ecdsa"
)
HOUR, DAY = 3600, 86400

CONNECTION = """\
Saving debug log to /var/lib/nvrstack/logs/letsencrypt.log
Requesting a certificate for nvr.example.com

Certbot failed to authenticate some domains (authenticator: webroot). The Certificate Authority reported these problems:
  Domain: nvr.example.com
  Type:   connection
  Detail: 203.0.113.5: Fetching http://nvr.example.com/.well-known/acme-challenge/x: Timeout during connect (likely firewall problem)

Hint: The Certificate Authority failed to download the temporary challenge files created by Certbot.

Some challenges have failed.
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile /var/lib/nvrstack/logs/letsencrypt.log or re-run Certbot with -v for more details.
"""  # noqa: E501
LIMIT = """\
Saving debug log to /var/lib/nvrstack/logs/letsencrypt.log
Requesting a certificate for nvr.example.com
An unexpected error occurred:
Error creating new order :: too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile x.
"""  # noqa: E501


FAILED = (
    "Domain: nvr.example.com Type:   connection Detail: 203.0.113.5: Fetching "
    "http://nvr.example.com/.well-known/acme-challenge/x: Timeout during connect "
    "(likely firewall problem)"
)
LIMITED = (
    "An unexpected error occurred: Error creating new order :: too many certificates (5) "
    "already issued for this exact set of identifiers in the last 168h0m0s"
)
BUSY = "Another instance of Certbot is already running."


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (CONNECTION, FAILED),
        (LIMIT, LIMITED),
        (BUSY, BUSY),
        ("", "certbot said nothing"),
        ("Saving debug log to x\n- - - - -\n", "certbot said nothing"),
    ],
    ids=["connection", "limit", "lock", "nothing", "chatter"],
)
def test_the_cause_is_picked_out_of_what_certbot_says(output: str, expected: str) -> None:
    assert keeper.explain(output) == expected


@quickly
@given(st.text())
def test_any_output_becomes_one_short_line(output: str) -> None:
    told = keeper.explain(output)
    assert 0 < len(told) <= 500
    assert "\n" not in told


@pytest.mark.parametrize(
    "change",
    [
        {"name": "x"},
        {"domains": ("nvr.example.com",)},
        {"domains": ("b.example.com", "nvr.example.com")},
        {"server": "https://other"},
        {"email": None},
        {"key_type": "rsa"},
    ],
    ids=str,
)
def test_any_change_of_the_request_is_noticed(change: dict[str, object]) -> None:
    assert replace(WANTED, **change).digest != WANTED.digest
    assert replace(WANTED).digest == WANTED.digest


def test_certbot_is_told_everything_and_asks_nothing() -> None:
    command = keeper.certbot_command(WANTED)
    assert command[:2] == ["certbot", "certonly"]
    assert {"--non-interactive", "--agree-tos", "--keep-until-expiring"} <= set(command)
    assert "--renew-with-new-domains" in command
    pairs = list(itertools.pairwise(command))
    for option, value in {
        "--server": "https://ca",
        "--cert-name": "nvr.example.com",
        "--email": "me@x.de",
        "--key-type": "ecdsa",
        "--webroot-path": "/var/www/webroot",
        "--config-dir": "/etc/letsencrypt",
    }.items():
        assert (option, value) in pairs
    assert [b for a, b in pairs if a == "--domain"] == list(WANTED.domains)
    assert "--force-renewal" not in command
    without = keeper.certbot_command(replace(WANTED, email=None))
    assert "--register-unsafely-without-email" in without
    assert "--email" not in without


@pytest.mark.parametrize("stack", ["public", "router-ddns"])
def test_the_rendered_request_is_read_as_it_was_set(stack: str) -> None:
    settings = settings_for(
        stack,
        {
            "site": {"aliases": ["b.example.com"]},
            "certificate": {"authority": "letsencrypt-staging", "email": "o'neill@example.com"},
        },
    )
    files = render(settings, STACKS[stack], Material(secrets_for(stack)))
    (wanted,) = keeper.read_wanted(files["certbot/certificates.json"].content.decode())
    assert wanted.domains == ("nvr.example.com", "b.example.com")
    assert wanted.server == "https://acme-staging-v02.api.letsencrypt.org/directory"
    assert (wanted.email, wanted.key_type) == ("o'neill@example.com", "ecdsa")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"5",
        b"\xff\xfe",
        b'{"certificates": []}',
        b'{"certificates": null}',
        b'{"certificates": {"a": {"colour": 1}}}',
        b'{"certificates": {"a": 1}}',
        b'{"schema": 1}',
        b"\x00" * 512,
    ],
)
def test_a_damaged_state_file_counts_as_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(content)
    assert keeper.load_states(tmp_path / "state.json") == {}


def test_states_are_read_back_and_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    assert keeper.load_states(path) == {}
    state = keeper.before_attempt(keeper.State(), WANTED, 1000.0, 0.5)
    keeper.save_states(path, {"a": state, "b": keeper.State()}, 1000.0)
    assert keeper.load_states(path) == {"a": state, "b": keeper.State()}
    assert json.loads(path.read_text())["schema"] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


FAILING = keeper.State(since=1.0, result="failed", reason="why")
ISSUED = keeper.State(since=1.0, result="ok", not_before=0.0, not_after=90.0 * DAY)
ENDS = "renewal is overdue, the certificate ends 1970-04-01 00:00+00:00: "


@pytest.mark.parametrize(
    ("state", "now", "problem"),
    [
        (None, 0, None),
        (keeper.State(), 10 * DAY, None),
        (FAILING, HOUR - 1, None),
        (FAILING, HOUR + 2, "no certificate yet: why"),
        (replace(FAILING, reason=""), HOUR + 2, "no certificate yet: failed"),
        (ISSUED, 60 * DAY, None),
        (ISSUED, 67.4 * DAY, None),
        (ISSUED, 67.6 * DAY, f"{ENDS}ok"),
        (replace(ISSUED, reason="dns"), 100 * DAY, f"{ENDS}dns"),
        (replace(ISSUED, not_after=6.0 * DAY), 4.4 * DAY, None),
    ],
)
def test_health_is_lost_when_a_person_should_look(
    state: object, now: float, problem: str | None
) -> None:
    assert keeper.problem_with(state, now) == problem


def test_health_is_lost_when_nobody_looks_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted, state = tmp_path / "certificates.json", tmp_path / "state.json"
    monkeypatch.setattr(keeper, "WANTED", wanted)
    monkeypatch.setattr(keeper, "STATE", state)
    entry = {"name": "a", "domains": ["a"]}
    data = {"server": "s", "email": None, "key_type": "rsa", "certificates": [entry]}
    wanted.write_text(json.dumps(data))
    assert keeper.healthy() == 1
    keeper.save_states(state, {}, 0.0)
    assert keeper.healthy() == 0
    assert capsys.readouterr().out.splitlines() == [
        "the certificates were not looked after for twenty minutes",
        "ok",
    ]

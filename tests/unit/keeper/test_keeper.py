"""certbot's keeper: what it remembers, and what its health check says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.keeper import keeper, schedule

HOUR, DAY = 3600, 86400


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
        b'{"certificates": {"a": {"failures": "1"}}}',
        b'{"certificates": {"a": {"attempts": 1}}}',
        b'{"certificates": {"a": {"attempts": ["x"]}}}',
        b'{"certificates": {"a": {"names": null}}}',
        b'{"certificates": {"a": 1}}',
        b'{"schema": 1}',
        b"\x00" * 512,
    ],
)
def test_a_damaged_state_file_counts_as_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(content)
    assert keeper.load_states(tmp_path / "state.json") == {}


def test_a_state_of_an_older_keeper_is_read(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"certificates": {"a": {"failures": 3}}}')
    states = keeper.load_states(tmp_path / "state.json")
    assert states == {"a": schedule.State(failures=3)}


def test_states_are_read_back_and_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    assert keeper.load_states(path) == {}
    state = schedule.before_attempt(schedule.State(names=("a", "b")), None, 1000.0, 0.5)
    keeper.save_states(path, {"a": state, "b": schedule.State()}, 1000.0)
    assert keeper.load_states(path) == {"a": state, "b": schedule.State()}
    assert json.loads(path.read_text())["schema"] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


FAILING = schedule.State(since=1.0, result="failed", reason="why")
ISSUED = schedule.State(since=1.0, result="ok", not_before=0.0, not_after=90.0 * DAY)
ENDS = "renewal is overdue, the certificate ends 1970-04-01 00:00+00:00: "


@pytest.mark.parametrize(
    ("state", "now", "problem"),
    [
        (None, 0, None),
        (schedule.State(), 10 * DAY, None),
        (FAILING, HOUR - 1, None),
        (FAILING, HOUR + 2, "no certificate yet: failed: why"),
        (replace(FAILING, reason=""), HOUR + 2, "no certificate yet: failed"),
        (ISSUED, 60 * DAY, None),
        (ISSUED, 67.4 * DAY, None),
        (ISSUED, 67.6 * DAY, f"{ENDS}ok"),
        (replace(ISSUED, result="refused", reason="dns"), 100 * DAY, f"{ENDS}refused: dns"),
        (replace(ISSUED, not_after=6.0 * DAY), 4.4 * DAY, None),
    ],
)
def test_health_is_lost_when_a_person_should_look(
    state: schedule.State | None, now: float, problem: str | None
) -> None:
    assert schedule.problem_with(state, now) == problem


@pytest.fixture
def health(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Write what is remembered, then tell the exit code and words of the health check."""
    wanted, state = tmp_path / "certificates.json", tmp_path / "state.json"
    monkeypatch.setattr(keeper, "WANTED", wanted)
    monkeypatch.setattr(keeper, "STATE", state)
    data: dict[str, Any] = {
        "server": "s",
        "email": None,
        "key_type": "rsa",
        "authenticator": "webroot",
        "options": [],
        "environment": {},
        "secrets": [],
        "certificates": [{"name": name, "domains": [name]} for name in ("a", "b")],
    }
    wanted.write_text(json.dumps(data))

    def check(states: dict[str, schedule.State] | None) -> tuple[int, str]:
        if states is not None:
            keeper.save_states(state, states, 0.0)
        return keeper.healthy(), capsys.readouterr().out

    return check


def test_health_is_lost_when_nobody_looks_any_more(health: Any) -> None:
    assert health(None) == (1, "the certificates were not looked after for twenty minutes\n")
    assert health({}) == (0, "ok\n")


def test_the_health_check_tells_of_every_certificate_that_is_wanted(health: Any) -> None:
    said = "no certificate yet: failed: why"
    assert health({"a": FAILING}) == (1, f"{said}\n")
    assert health({"a": FAILING, "b": FAILING}) == (1, f"{said}; {said}\n")
    assert health({"no longer wanted": FAILING}) == (0, "ok\n")

"""certbot's keeper never asks the authority more often than its limits allow."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.unit.keeper import keeper
from tests.unit.strategies import quickly

WANTED = keeper.Wanted("a", ("a",), "https://ca", None, "ecdsa")
HOUR, DAY = 3600, 86400
EVENT = st.tuples(
    st.sampled_from(["fails", "fails", "fails", "killed", "issued", "unreachable"]),
    st.floats(0, 1),
    st.floats(0, 120),
)
"""What happens at the next moment that is allowed, the jitter, and how late that is noticed."""


def attempts(events: list[tuple[str, float, float]]) -> list[tuple[float, str]]:
    """When certbot ran and how it ended, if each event comes as early as it may."""
    state, now = keeper.State(), 1.7e9
    found = []
    for what, jitter, late in events:
        now = max(now, state.next_attempt) + late
        if what == "unreachable":
            state = keeper.not_reachable(state, WANTED, "no route", now, jitter)
            continue
        found.append((now, what))
        state = keeper.before_attempt(state, WANTED, now, jitter)
        # Who is killed has only what was written before; a restart reads it again.
        if what != "killed":
            now += 2
            state = keeper.after_attempt(state, int(what == "fails"), "", now, jitter)
    return found


def most_within(times: list[float], seconds: float) -> int:
    return max((sum(a <= b < a + seconds for b in times) for a in times), default=0)


@hypothesis_settings(max_examples=300, deadline=None)
@given(st.lists(EVENT, max_size=120))
def test_never_more_than_five_attempts_in_an_hour(events: list[tuple[str, float, float]]) -> None:
    found = attempts(events)
    times = [when for when, _ in found]
    assert most_within(times, HOUR) <= 5
    failed = [when for when, what in found if what != "issued"]
    days = (times[-1] - times[0]) / DAY if times else 0
    assert len(failed) <= 10 * days + 8


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_failure_upon_failure_comes_to_four_attempts_a_day(jitter: float) -> None:
    times = [when for when, _ in attempts([("fails", jitter, 0.0)] * 200)]
    assert most_within(times, HOUR) <= 5
    assert most_within(times, DAY) <= 10
    assert 3 <= most_within(times[20:], DAY) <= 4


def test_a_restart_loop_brings_no_further_attempt() -> None:
    state = keeper.before_attempt(keeper.State(), WANTED, 1000.0, 0.0)
    assert state.result == "interrupted"
    assert state.next_attempt == 1060.0
    again = keeper.before_attempt(state, WANTED, state.next_attempt, 0.0)
    assert (again.failures, again.next_attempt) == (2, 1060.0 + 300)


def test_success_starts_over_and_looks_twice_a_day() -> None:
    state = keeper.before_attempt(keeper.State(failures=7), WANTED, 0.0, 0.0)
    after = keeper.after_attempt(state, 0, "whatever", 10.0, 0.5)
    assert (after.result, after.reason, after.failures) == ("ok", "", 0)
    assert HOUR * 12 <= after.next_attempt - 10 <= HOUR * 12 * 1.2


@quickly
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 5000)), min_size=1, max_size=50))
def test_an_unreachable_authority_is_looked_for_again_soon_and_gently(
    looks: list[tuple[float, float]],
) -> None:
    state, now = keeper.State(failures=3, next_attempt=0.0), 1000.0
    for jitter, late in looks:
        state = keeper.not_reachable(state, WANTED, "why", now, jitter)
        assert 5 <= state.next_attempt - now <= 30 * 1.2
        assert state.failures == 3
        assert state.unreachable_since == 1000.0
        now = state.next_attempt + late
    recovered = keeper.before_attempt(state, WANTED, now, 0.0)
    assert recovered.unreachable_since is None
    assert recovered.failures == 4


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float, int | None], Any]:
    """Start the keeper anew at a time, look once, and tell whether certbot ran."""
    entry = {"name": "a", "domains": ["a"]}
    data = {"server": "s", "email": None, "key_type": "rsa", "certificates": [entry]}
    (tmp_path / "certificates.json").write_text(json.dumps(data))
    for name, file in {
        "WANTED": "certificates.json",
        "STATE": "state.json",
        "LOGS": "logs",
    }.items():
        monkeypatch.setattr(keeper, name, tmp_path / file)
    monkeypatch.setattr(keeper, "LETSENCRYPT", tmp_path / "letsencrypt")

    def restart_and_look(now: float, code: int | None) -> bool:
        """`code` is certbot's exit code, or None when the authority cannot be reached."""
        ran: list[list[str]] = []

        def certbot(_: Any, command: list[str]) -> tuple[int, str]:
            ran.append(command)
            return code or 0, "output"

        monkeypatch.setattr(time, "time", lambda: now)
        monkeypatch.setattr(keeper, "authority_problem", lambda _: "down" if code is None else None)
        monkeypatch.setattr(keeper.Keeper, "run_certbot", certbot)
        keeper.Keeper().look()
        return bool(ran)

    return restart_and_look


def test_restarts_and_outages_together(world: Callable[[float, int | None], bool]) -> None:
    start = 1.7e9
    assert not world(start, None)
    assert world(start + 60, 1)
    assert not any(world(start + 60 + second, 1) for second in range(1, 60, 7))
    assert world(start + 60 + 80, 1)
    assert not world(start + 300, 1)
    assert world(start + 600, 0)
    assert not world(start + 600 + 11 * HOUR, 0)
    assert world(start + 600 + 15 * HOUR, 0)


def test_a_changed_request_is_made_once_it_has_settled(
    world: Callable[[float, int | None], bool], tmp_path: Path
) -> None:
    assert world(1.7e9, 0)
    path = tmp_path / "certificates.json"
    path.write_text(path.read_text().replace('["a"]', '["a", "b"]'))
    changed = 1.7e9 + 5
    assert not world(changed, 0)
    assert world(changed + keeper.SETTLE_SECONDS, 0)
    assert not world(changed + 2 * keeper.SETTLE_SECONDS, 0)


def test_a_further_certificate_is_asked_for_once_nginx_knows_its_name(
    world: Callable[[float, int | None], bool], tmp_path: Path
) -> None:
    assert world(1.7e9, 0)
    path = tmp_path / "certificates.json"
    data = json.loads(path.read_text())
    data["certificates"].append({"name": "b", "domains": ["b"]})
    path.write_text(json.dumps(data))
    added = 1.7e9 + 5
    assert not world(added, 0)
    assert not world(added + keeper.SETTLE_SECONDS - 1, 0)
    assert world(added + keeper.SETTLE_SECONDS, 0)
    assert not world(added + 2 * keeper.SETTLE_SECONDS, 0)


def test_the_very_first_certificates_are_asked_for_at_once(
    world: Callable[[float, int | None], bool], tmp_path: Path
) -> None:
    path = tmp_path / "certificates.json"
    data = json.loads(path.read_text())
    data["certificates"].append({"name": "b", "domains": ["b"]})
    path.write_text(json.dumps(data))
    assert world(1.7e9, 0)
    states = keeper.load_states(keeper.STATE)
    assert {name: state.result for name, state in states.items()} == {"a": "ok", "b": "ok"}


def test_a_request_that_keeps_changing_is_waited_for(
    world: Callable[[float, int | None], bool], tmp_path: Path
) -> None:
    path = tmp_path / "certificates.json"
    assert world(1.7e9, 0)
    for number in range(10):
        data = json.loads(path.read_text())
        data["certificates"][0]["domains"] = ["a", f"b{number}"]
        path.write_text(json.dumps(data))
        assert not world(1.7e9 + 1 + number * (keeper.SETTLE_SECONDS - 1), 0)


def test_a_clock_that_was_ahead_puts_nothing_off_for_good(
    world: Callable[[float, int | None], bool],
) -> None:
    assert world(4e9, 0)
    assert world(1.7e9, 1)
    assert not world(1.7e9 + 1, 1)


def test_what_is_known_of_the_certificate_survives_an_outage(
    world: Callable[[float, int | None], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "validity", lambda _: (1.0, 2.0))
    world(1.7e9, None)
    state = keeper.load_states(keeper.STATE)["a"]
    assert (state.not_before, state.not_after) == (1.0, 2.0)
    assert (state.result, state.reason) == ("authority unreachable", "down")

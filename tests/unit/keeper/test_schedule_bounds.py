"""The keeper's waits, to the second."""

from dataclasses import replace

import pytest

from tests.unit.keeper import schedule

NOW = 1.7e9
FAR = 2 * max(schedule.CHECK_SECONDS, schedule.RETRY_SECONDS[-1])
DOUBTFUL = schedule.Obstacle(schedule.NOT_READY, "port 80 is closed from here", certain=False)
CERTAIN = schedule.Obstacle(schedule.NOT_READY, "no address", certain=True)


def test_a_lineage_that_nobody_wants_stays_for_an_hour() -> None:
    assert schedule.RETIRE_SECONDS == 3600


@pytest.mark.parametrize(
    ("look", "attempt", "stays"),
    [(FAR, FAR, True), (FAR + 1, 0, False), (0, FAR + 1, False)],
)
def test_a_wait_that_only_a_wrong_clock_can_have_left_is_over(
    look: float, attempt: float, *, stays: bool
) -> None:
    state = schedule.State(next_look=NOW + look, next_attempt=NOW + attempt)
    found = schedule.corrected(state, NOW)
    assert (found.next_look, found.next_attempt) == (
        (NOW + look, NOW + attempt) if stays else (0.0, 0.0)
    )


@pytest.mark.parametrize(("last", "stays"), [(NOW - 1, True), (NOW, True), (NOW + 1, False)])
def test_a_limit_of_the_authority_may_be_far_away(last: float, *, stays: bool) -> None:
    limited = schedule.State(
        result=schedule.LIMITED, last_attempt=last, next_look=NOW + 3 * FAR, next_attempt=NOW + FAR
    )
    assert (schedule.corrected(limited, NOW).next_look == NOW + 3 * FAR) is stays


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("age", [0.0, 4 * schedule.LOOK_SECONDS[0] + 8, 1e6])
def test_looks_become_rarer_the_longer_an_obstacle_lasts(age: float, jitter: float) -> None:
    state = schedule.State(result=schedule.NOT_READY, obstacle_since=NOW - age)
    waits = schedule.waiting(state, CERTAIN, NOW, jitter)
    assert waits is not None
    soonest, latest = schedule.LOOK_SECONDS
    expected = min(max(age / 4, soonest), latest) * (1 + jitter / 5)
    assert waits.next_look - NOW == pytest.approx(expected)


@pytest.mark.parametrize(
    ("obstacle", "failures", "said"),
    [
        (DOUBTFUL, 1, "the authority's own words"),
        (DOUBTFUL, 0, DOUBTFUL.reason),
        (CERTAIN, 1, CERTAIN.reason),
    ],
)
def test_what_the_authority_said_outweighs_a_guess(
    obstacle: schedule.Obstacle, failures: int, said: str
) -> None:
    state = schedule.State(
        result=schedule.NOT_READY,
        reason="the authority's own words",
        failures=failures,
        obstacle_since=NOW,
        next_attempt=NOW + 600,
    )
    waits = schedule.waiting(state, obstacle, NOW, 0.0)
    assert waits is not None
    assert waits.reason == said
    unlike = schedule.waiting(replace(state, result=schedule.FAILED), obstacle, NOW, 0.0)
    assert unlike is not None
    assert unlike.reason == obstacle.reason

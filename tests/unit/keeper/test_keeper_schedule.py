"""certbot's keeper never asks the authority more often than its limits allow."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.examples import examples
from tests.unit.keeper import schedule
from tests.unit.strategies import quickly

HOUR, DAY = 3600, 86400
START = 1.7e9
LIFE = 90.0 * DAY

DOUBTFUL = schedule.Obstacle(schedule.NOT_READY, "port 80 is closed from here", certain=False)
CERTAIN = schedule.Obstacle(schedule.NOT_READY, "no address", certain=True)
DOWN = schedule.Obstacle(schedule.UNREACHABLE, "no route", certain=True)

OK = schedule.Outcome(schedule.OK)
KILLED = None
FAILURES = (
    schedule.Outcome(schedule.NOT_READY, "port 80 did not answer"),
    schedule.Outcome(schedule.REFUSED, "a CAA record forbids"),
    schedule.Outcome(schedule.FAILED, "no space left"),
    KILLED,
)


@dataclass
class Life:
    """One certificate, looked after as the keeper does; its clock may differ from real time."""

    state: schedule.State = field(default_factory=schedule.State)
    real: float = START
    behind: float = 0.0
    """How many seconds the clock was put back in all."""
    failed: list[float] = field(default_factory=list)
    """When, in real time, an attempt began that brought no certificate."""
    wishes: int = 0

    @property
    def clock(self) -> float:
        return self.real - self.behind

    def look(
        self,
        obstacle: schedule.Obstacle | None,
        outcome: schedule.Outcome | None,
        jitter: float = 0.0,
    ) -> bool:
        """Look once; tell whether certbot ran."""
        self.state = schedule.corrected(self.state, self.clock)
        if self.clock < self.state.next_look:
            return False
        waiting = schedule.waiting(self.state, obstacle, self.clock, jitter)
        if waiting is not None:
            self.state = waiting
            return False
        self.state = schedule.before_attempt(self.state, obstacle, self.clock, jitter)
        if outcome is None or outcome.result != schedule.OK:
            self.failed.append(self.real)
        if outcome is not None:
            self.real += 2
            known = replace(self.state, not_before=self.clock, not_after=self.clock + LIFE)
            known = known if outcome.result == schedule.OK else self.state
            self.state = schedule.after_attempt(known, outcome, self.clock, jitter)
        return True

    def until_the_next_look(self) -> None:
        """Let time pass until the keeper looks again."""
        self.real += max(0.0, self.state.next_look - self.clock)

    def another_wish(self, settle: float = 20.0) -> None:
        """Change the settings."""
        self.wishes += 1
        self.state = schedule.new_request(self.state, f"wish {self.wishes}", self.clock, settle)

    def put_clock_back(self, seconds: float) -> None:
        """Let the machine learn that its clock was ahead."""
        self.behind += seconds


def most_within(times: list[float], seconds: float) -> int:
    return max((sum(a <= b < a + seconds for b in times) for a in times), default=0)


@dataclass(frozen=True)
class Look:
    """The keeper looks: what it finds, and how certbot ends if it is let."""

    obstacle: schedule.Obstacle | None
    outcome: schedule.Outcome | None
    jitter: float = 0.0


@dataclass(frozen=True)
class Wish:
    """The settings are changed."""


@dataclass(frozen=True)
class ClockBack:
    """The clock turns out to have been ahead."""

    seconds: float


Event = tuple[Look | Wish | ClockBack, float | None]
"""What happens, and the seconds until the next event: None for as long as the keeper waits."""
BUSY = schedule.Outcome(schedule.LIMITED, "busy")
OBSTACLES = st.sampled_from([None, None, DOUBTFUL, DOUBTFUL, CERTAIN, DOWN])
OUTCOMES = st.sampled_from([*FAILURES, *FAILURES, OK, BUSY])
EVENT = st.tuples(
    st.one_of(
        st.builds(Look, OBSTACLES, OUTCOMES, st.floats(0, 1)),
        st.builds(Look, OBSTACLES, OUTCOMES, st.floats(0, 1)),
        st.just(Wish()),
        st.builds(ClockBack, st.floats(0, 3 * DAY)),
    ),
    st.one_of(st.none(), st.floats(0, 90), st.floats(0, 4000)),
)
MENDED_AND_BROKEN_AGAIN: list[Event] = [
    (Look(DOUBTFUL, KILLED), 130.0),
    (Look(DOUBTFUL, FAILURES[0]), 90.0),
    (Look(None, FAILURES[0]), None),
    (Wish(), None),
    (Look(None, FAILURES[0]), None),
]


def killed_and_changed(seconds: float) -> list[Event]:
    """Killed; then the clock goes back by so much, and the settings are changed."""
    return [(Look(None, KILLED), 0.0), (ClockBack(seconds), 0.0), (Wish(), 20.0)]


@dataclass
class Promised:
    """What holds at each look: until when nobody asks, and since when something is in the way."""

    retry_at: float = 0.0
    obstacle_since: float | None = None

    def look(self, life: Life, event: Look) -> None:
        """Look, and check that certbot did not run when it must not."""
        outcome, real, clock = event.outcome, life.real, life.clock
        if outcome is BUSY:
            outcome = replace(BUSY, retry_at=clock + (1 + 6 * event.jitter) * DAY)
        if life.look(event.obstacle, outcome, event.jitter):
            assert event.obstacle not in {CERTAIN, DOWN}
            assert clock >= self.retry_at
            if event.obstacle is DOUBTFUL:
                assert self.obstacle_since is not None
                assert real - self.obstacle_since >= schedule.DOUBT_SECONDS
            self.retry_at = outcome.retry_at if outcome else 0.0
        if life.state.obstacle_since is None:
            self.obstacle_since = None
        elif self.obstacle_since is None:
            self.obstacle_since = real


@examples(500)
@given(st.lists(EVENT, max_size=150))
@example(MENDED_AND_BROKEN_AGAIN * 8)
@example(killed_and_changed(0.0) * 40)
@example(killed_and_changed(600.0) * 40)
@example(killed_and_changed(DAY) * 40)
def test_whatever_happens_the_limits_hold(events: list[Event]) -> None:
    life, promised = Life(), Promised()
    for event, pause in events:
        match event:
            case Wish():
                life.another_wish()
                promised = Promised()
            case ClockBack():
                life.put_clock_back(event.seconds)
                promised.retry_at = 0.0
            case Look():
                promised.look(life, event)
        if pause is None:
            life.until_the_next_look()
        else:
            life.real += pause
    assert most_within(life.failed, HOUR) <= 5
    assert most_within(life.failed, DAY) <= 20


@pytest.mark.parametrize("jitter", [0.0, 1.0])
@pytest.mark.parametrize("outcome", FAILURES, ids=str)
def test_failure_upon_failure_comes_to_four_attempts_a_day(
    jitter: float, outcome: schedule.Outcome | None
) -> None:
    life = Life()
    while len(life.failed) < 100:
        life.look(None, outcome, jitter)
        life.until_the_next_look()
    assert most_within(life.failed, HOUR) <= 5
    assert most_within(life.failed, DAY) <= 10
    assert 3 <= most_within(life.failed[20:], DAY) <= 4


@pytest.mark.parametrize("seconds_between_restarts", [1, 7])
def test_a_restart_loop_brings_no_further_attempt(seconds_between_restarts: int) -> None:
    life = Life()
    while life.real < START + 2 * HOUR:
        life.look(None, KILLED)
        life.real += seconds_between_restarts
    waits = [round(b - a) for a, b in zip(life.failed, life.failed[1:], strict=False)]
    expected = [60, 300, 900, 1800, 3600]
    assert len(waits) in {4, 5}
    for wait, least in zip(waits, expected, strict=False):
        assert least <= wait <= least + 7


@quickly
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 5000)), min_size=1, max_size=50))
@pytest.mark.parametrize("obstacle", [DOWN, CERTAIN], ids=["authority", "address"])
def test_what_certainly_stands_in_the_way_is_looked_at_again_soon_and_gently(
    obstacle: schedule.Obstacle, looks: list[tuple[float, float]]
) -> None:
    life = Life(schedule.State(failures=3))
    began = life.real
    for jitter, late in looks:
        assert not life.look(obstacle, OK, jitter)
        assert 5 <= life.state.next_look - life.clock <= 30 * 1.2
        assert (life.state.result, life.state.reason) == (obstacle.result, obstacle.reason)
        assert (life.state.failures, life.state.obstacle_since) == (3, began)
        life.until_the_next_look()
        life.real += late
    assert life.look(None, OK)
    assert (life.state.failures, life.state.obstacle_since) == (0, None)


def test_the_looks_become_rarer_while_it_lasts() -> None:
    life, pauses = Life(), []
    for _ in range(30):
        life.look(CERTAIN, OK)
        pauses.append(life.state.next_look - life.clock)
        life.until_the_next_look()
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == schedule.LOOK_SECONDS


def run_out(life: Life, obstacle: schedule.Obstacle, seconds: float) -> list[float]:
    """Look for so long at the same obstacle; give the seconds at which certbot ran, in vain."""
    began, ran = life.real, []
    while life.real - began <= seconds:
        now = life.real - began
        if life.look(obstacle, FAILURES[0]):
            ran.append(now)
        life.until_the_next_look()
    return ran


def test_a_doubt_is_put_to_the_authority_after_two_minutes_and_then_by_the_schedule() -> None:
    ran = run_out(Life(), DOUBTFUL, 2 * HOUR)
    waits = [after - before for before, after in zip([0, *ran], ran, strict=False)]
    for wait, least in zip(waits, [120, 60, 300, 900, 1800, 3600], strict=True):
        assert least <= wait <= least + 35


def test_what_is_certain_is_never_put_to_the_authority() -> None:
    assert run_out(Life(), CERTAIN, 3 * DAY) == []
    assert run_out(Life(), DOWN, 3 * DAY) == []


@pytest.mark.parametrize("hours", [2, 5, 30])
def test_when_an_obstacle_goes_away_the_schedule_is_not_waited_for(hours: int) -> None:
    life = Life()
    run_out(life, DOUBTFUL, hours * HOUR)
    assert life.state.next_attempt - life.clock > 60
    assert life.state.next_look - life.clock <= 0
    assert life.look(None, OK)


def test_an_obstacle_that_comes_and_goes_brings_no_more_than_the_limits_allow() -> None:
    life = Life()
    while life.real < START + 3 * DAY:
        for obstacle in (DOUBTFUL, DOUBTFUL, None):
            life.look(obstacle, FAILURES[0])
            life.until_the_next_look()
    assert most_within(life.failed, HOUR) == 5
    assert most_within(life.failed, DAY) == 20


def test_what_went_away_is_asked_for_as_soon_as_the_limits_allow() -> None:
    recent = tuple(START - seconds for seconds in (3000, 2000, 1000, 500, 100))
    state = schedule.State(
        result=schedule.NOT_READY, obstacle_since=START - 50, barred=True, attempts=recent
    )
    life = Life(replace(state, next_attempt=START + 5 * HOUR))
    assert not life.look(None, OK)
    while not life.look(None, OK):
        assert life.real < START + 660
        life.until_the_next_look()
    assert START + 600 <= life.real <= START + 635


def test_a_schedule_without_obstacle_is_waited_for() -> None:
    life = Life()
    assert life.look(None, FAILURES[0])
    assert not life.look(None, OK)
    began = life.real
    while not life.look(None, OK):
        life.until_the_next_look()
    assert 55 <= life.real - began <= 65


@pytest.mark.parametrize("days", [0.5, 1.5, 6.9])
def test_what_the_authority_limits_waits_for_its_time_in_spite_of_restarts(days: float) -> None:
    life = Life()
    retry_at = START + days * DAY
    assert life.look(None, schedule.Outcome(schedule.LIMITED, "too many", retry_at))
    while not life.look(None, OK):
        assert life.state.result == schedule.LIMITED
        assert life.real < retry_at + 60
        life.real += 600 if life.real < retry_at - 700 else 5
    assert retry_at <= life.real <= retry_at + 60


def test_a_limit_without_a_time_is_waited_out_by_the_schedule() -> None:
    life = Life()
    assert life.look(None, schedule.Outcome(schedule.LIMITED, "too many", 0.0))
    assert life.state.next_attempt == START + 60


def test_success_starts_over_and_looks_twice_a_day() -> None:
    life = Life(schedule.State(failures=7, attempts=(START - 9 * HOUR,), since=START - DAY))
    assert life.look(None, OK, 0.5)
    state = life.state
    assert (state.result, state.reason, state.failures) == ("ok", "", 0)
    assert state.attempts == (START - 9 * HOUR,)
    assert (state.last_attempt, state.last_success) == (START, START + 2)
    assert HOUR * 12 <= state.next_attempt - START - 2 <= HOUR * 12 * 1.2


@pytest.mark.parametrize(
    ("life_seconds", "wait"),
    [(90.0 * DAY, 12 * HOUR), (45.0 * DAY, 12 * HOUR), (6.0 * DAY, 12 * HOUR), (120.0, 10), (1, 5)],
)
def test_short_lives_are_looked_after_more_often(life_seconds: float, wait: float) -> None:
    state = schedule.State(not_before=START, not_after=START + life_seconds)
    after = schedule.after_attempt(state, OK, START, 0.0)
    assert after.next_look - START == pytest.approx(wait)


@pytest.mark.parametrize("seconds", [HOUR, 20 * HOUR, 3 * DAY, 20 * 365 * DAY])
def test_a_clock_that_was_ahead_puts_nothing_off_for_good(seconds: float) -> None:
    life = Life()
    for _ in range(7):
        life.look(None, FAILURES[2])
        life.until_the_next_look()
    life.put_clock_back(seconds)
    put_back = life.real
    while not life.look(None, OK):
        assert life.real - put_back <= DAY
        life.real += 60


@pytest.mark.parametrize("seconds", [DAY, 365 * DAY])
def test_a_clock_that_was_ahead_hides_no_missing_certificate(seconds: float) -> None:
    life = Life()
    life.look(CERTAIN, KILLED)
    life.put_clock_back(seconds)
    life.real += 60
    life.look(CERTAIN, KILLED)
    life.real += 2 * HOUR
    assert schedule.problem_with(life.state, life.clock) is not None


def test_another_wish_is_asked_for_at_once_and_keeps_what_was_asked_before() -> None:
    life = Life()
    for _ in range(4):
        assert life.look(None, FAILURES[1])
        life.until_the_next_look()
    life.another_wish(settle=0.0)
    assert life.look(None, FAILURES[1])
    life.another_wish(settle=0.0)
    assert not life.look(None, OK)
    assert most_within(life.failed, HOUR) == 5

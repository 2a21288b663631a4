"""When the authority may be asked, and what is remembered of each certificate.

Nothing here looks at a clock, a disk or a network. Times are seconds since the epoch.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

NEVER = "never tried"
OK = "ok"
INTERRUPTED = "interrupted"
UNREACHABLE = "authority unreachable"
NOT_READY = "not yet reachable"
REFUSED = "refused"
LIMITED = "rate limited"
FAILED = "failed"

CHECK_SECONDS = 12 * 3600
"""How often certbot is asked whether a renewal is due: twice a day, as its makers recommend."""
CHECKS_IN_A_LIFE = 12
"""How often at least, whatever a certificate's length of life: a six-day one twice a day too."""
LOOK_SECONDS = (5, 30)
"""How soon, at first and in the long run, to look again at what stands in the way: whether the
authority and the challenge can be reached. That costs none of the authority's limits."""
DOUBT_SECONDS = 120
"""How long a doubtful obstacle keeps the authority from being asked for the first time."""
RETRY_SECONDS = (60, 300, 900, 1800, 3600, 2 * 3600, 4 * 3600, 6 * 3600)
"""Waits after failures in a row; the last one repeats: in the long run, four attempts a day."""
LIMITS = ((3600, 5), (24 * 3600, 20))
"""In so many seconds at most so many attempts, whatever happens. Let's Encrypt allows five failed
validations of a name in an hour: https://letsencrypt.org/docs/rate-limits/"""
GRACE_SECONDS = 3600
"""How long the first certificate may take before the service counts as unhealthy."""
RETIRE_SECONDS = 3600
"""How long a lineage stays in place that nobody wants any more."""


@dataclass(frozen=True)
class State:
    """What is known of one certificate.

    `barred` says that the challenge could not have been answered when that was last looked at.
    """

    request: str = ""
    result: str = NEVER
    reason: str = ""
    failures: int = 0
    since: float = 0.0
    obstacle_since: float | None = None
    barred: bool = False
    unwanted_since: float | None = None
    attempts: tuple[float, ...] = ()
    last_attempt: float | None = None
    last_success: float | None = None
    next_look: float = 0.0
    next_attempt: float = 0.0
    names: tuple[str, ...] = ()
    not_before: float | None = None
    not_after: float | None = None


@dataclass(frozen=True)
class Obstacle:
    """Why an attempt would fail: for certain, or as far as can be told from here."""

    result: str
    reason: str
    certain: bool


@dataclass(frozen=True)
class Outcome:
    """How certbot ended; `retry_at` is when the authority wants to be asked again."""

    result: str
    reason: str = ""
    retry_at: float = 0.0


def wait_after(failures: int, jitter: float) -> float:
    """Seconds to wait after `failures` in a row; `jitter` from 0 to 1 adds up to a fifth."""
    step = RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]
    return step * (1 + jitter / 5)


def allowed_from(state: State, now: float) -> float:
    """The earliest time that LIMITS leave for the next attempt."""
    times = sorted(time for time in state.attempts if time <= now)
    return max(
        (times[-most] + seconds for seconds, most in LIMITS if len(times) >= most), default=0.0
    )


def new_request(state: State, request: str, now: float, settle: float) -> State:
    """The state for another wish under the same name; what was asked lately still counts."""
    return replace(
        state,
        request=request,
        result=NEVER,
        reason="",
        failures=0,
        since=0.0,
        obstacle_since=None,
        barred=False,
        next_look=now + settle,
        next_attempt=0.0,
    )


def corrected(state: State, now: float) -> State:
    """The state without times that only a clock which was ahead can have left.

    What was asked at a time that is yet to come counts as asked now. An authority may want to be
    asked again days later: Let's Encrypt's longest limit is for a week.
    """
    state = replace(
        state,
        since=min(state.since, now),
        attempts=tuple(min(time, now) for time in state.attempts),
    )
    far = now + 2 * max(CHECK_SECONDS, RETRY_SECONDS[-1])
    told_to_wait = state.result == LIMITED and (state.last_attempt or 0.0) <= now
    if told_to_wait or (state.next_look <= far and state.next_attempt <= far):
        return state
    return replace(state, next_look=0.0, next_attempt=0.0)


def waiting(state: State, obstacle: Obstacle | None, now: float, jitter: float) -> State | None:
    """The state to wait in, or None when certbot shall run now.

    A certain obstacle is waited out. A doubtful one might be seen from this network alone (many
    routers do not lead their own outside address back in), so that after a while the authority
    is asked all the same, by the schedule. When an obstacle goes away, the schedule is not waited
    for.
    """
    may_from = allowed_from(state, now)
    if obstacle is None:
        if not state.barred:
            may_from = max(may_from, state.next_attempt)
        if now >= may_from:
            return None
        return replace(
            state,
            obstacle_since=None,
            next_look=min(may_from, now + LOOK_SECONDS[1]),
        )
    another = (state.result == UNREACHABLE) != (obstacle.result == UNREACHABLE)
    began = now if state.obstacle_since is None or another else min(state.obstacle_since, now)
    may_from = max(may_from, state.next_attempt, began + DOUBT_SECONDS)
    if not obstacle.certain and now >= may_from:
        return None
    soonest, latest = LOOK_SECONDS
    wait = min(latest, max(soonest, (now - began) / 4)) * (1 + jitter / 5)
    # What the authority itself said is more than a guess.
    keeps_reason = state.result == obstacle.result and state.failures and not obstacle.certain
    return replace(
        state,
        result=obstacle.result,
        reason=state.reason if keeps_reason else obstacle.reason,
        since=state.since or now,
        obstacle_since=began,
        barred=state.barred or obstacle.result == NOT_READY,
        next_look=now + wait,
    )


def before_attempt(state: State, obstacle: Obstacle | None, now: float, jitter: float) -> State:
    """The state to write down before certbot runs: if it never returns, it has failed."""
    longest = max(seconds for seconds, _ in LIMITS)
    attempts = (*(time for time in state.attempts if now - longest < time <= now), now)
    next_attempt = now + wait_after(state.failures + 1, jitter)
    return replace(
        state,
        result=INTERRUPTED,
        reason="the last attempt was cut short",
        failures=state.failures + 1,
        since=state.since or now,
        obstacle_since=state.obstacle_since if obstacle else None,
        barred=obstacle is not None,
        attempts=attempts,
        last_attempt=now,
        next_look=next_attempt,
        next_attempt=next_attempt,
    )


def after_attempt(state: State, outcome: Outcome, now: float, jitter: float) -> State:
    """The state after certbot ended. `state.not_before` and `not_after` are the new ones."""
    if outcome.result == OK:
        life = (state.not_after or 0.0) - (state.not_before or 0.0)
        wait = min(CHECK_SECONDS, max(life / CHECKS_IN_A_LIFE, LOOK_SECONDS[0]))
        then = now + wait * (1 + jitter / 5)
        return replace(
            state,
            result=OK,
            reason="",
            failures=0,
            obstacle_since=None,
            barred=False,
            # The limits are for failures, and mostly nothing was due.
            attempts=state.attempts[:-1],
            last_success=now,
            next_look=then,
            next_attempt=then,
        )
    then = max(state.next_attempt, outcome.retry_at)
    soon = outcome.result == NOT_READY
    return replace(
        state,
        result=outcome.result,
        reason=outcome.reason,
        # After a refusal the way being free is no reason to hurry.
        barred=state.barred and soon,
        next_look=min(then, now + LOOK_SECONDS[1]) if soon else then,
        next_attempt=then,
    )


def problem_with(state: State | None, now: float) -> str | None:
    """Why the service is unhealthy as far as one certificate goes, or None when it is well."""
    if state is None or (state.not_after is None and now - (state.since or now) < GRACE_SECONDS):
        return None
    told = f"{state.result}: {state.reason}" if state.reason else state.result
    if state.not_after is None or state.not_before is None:
        return f"no certificate yet: {told}"
    left = (state.not_after - now) / (state.not_after - state.not_before)
    if left < 0.25:
        when = datetime.fromtimestamp(state.not_after, UTC).isoformat(" ", "minutes")
        return f"renewal is overdue, the certificate ends {when}: {told}"
    return None

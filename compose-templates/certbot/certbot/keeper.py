"""Keeps certificates: runs certbot when one is missing or due, and never more often than allowed.

Runs as the only program of the certbot service. `certificates.json` beside this file says what is
wanted; it is read again when it changes. `state.json` on the service's volume says what was done
and when the next attempt is allowed, so that a restart, however frequent, brings no further one.

certbot itself decides whether a renewal is due: by the authority's advice (RFC 9773), else when a
third of the lifetime is left, or half of it where that is short.
"""

import contextlib
import json
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import schedule
from asking import Certbot
from lineages import is_whole, issued, retire
from mending import clear_away, relink
from reachability import authority_obstacle, challenge_obstacle
from schedule import FAILED, OK, Obstacle, Outcome, State
from trust import join_roots
from wanted import LETSENCRYPT, WEBROOT, Wanted, read_wanted
from words import outcome

WANTED = Path(__file__).with_name("certificates.json")
STATE = Path("/var/lib/nvrstack/state.json")

SECONDS_BETWEEN_LOOKS = 5
SETTLE_SECONDS = 20
"""How long all but the very first wishes are left alone: nginx, too, has to take up the names."""
WRITE_SECONDS = 300
"""How often `state.json` is written when nothing changes, as a sign of life."""


def load_states(path: Path) -> dict[str, State]:
    """What `state.json` holds; nothing when it is absent or was damaged by a power cut."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        states = {name: State(**entry) for name, entry in data["certificates"].items()}
        return {name: _whole(state) for name, state in states.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _whole(state: State) -> State:
    # Numbers, or what was damaged is started anew.
    _ = state.failures + state.since + state.next_look + state.next_attempt + sum(state.attempts)
    return replace(state, attempts=tuple(state.attempts), names=tuple(state.names))


def save_states(path: Path, states: dict[str, State], now: float) -> None:
    """Write `state.json` so that a reader sees the old or the new one, never half of it."""
    data = {
        "schema": 1,
        "written": now,
        "certificates": {name: asdict(state) for name, state in states.items()},
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)


class Keeper:
    """Takes each certificate through its life, one look after the other."""

    def __init__(self) -> None:
        self.states = load_states(STATE)
        self.saved: dict[str, State] = {}
        self.saved_at = 0.0
        self.stopping = threading.Event()
        self.certbot = Certbot()

    def look(self) -> None:
        """Do what is due now."""
        at_first = not self.states
        all_wanted = read_wanted(WANTED.read_text(encoding="utf-8"))
        for wanted in all_wanted:
            now = time.time()
            request = wanted.digest(WANTED.parent)
            before = self.states.get(wanted.name, State())
            state = schedule.corrected(before, now)
            if state.request != request:
                settle = 0 if at_first else SETTLE_SECONDS
                state = schedule.new_request(state, request, now, settle)
            self.states[wanted.name] = replace(state, unwanted_since=None)
            if now >= state.next_look:
                self.attend(wanted, self.states[wanted.name])
            if self.stopping.is_set():
                return
        self.retire_unwanted({wanted.name for wanted in all_wanted}, time.time())
        self.save()

    def attend(self, wanted: Wanted, state: State) -> None:
        """Let certbot issue or renew one certificate, unless something stands in the way."""
        join_roots()
        jitter = random.random()  # noqa: S311 - spreads load, keeps no secret
        obstacle = authority_obstacle(wanted.server) or self.obstacle(wanted, state)
        after = schedule.waiting(state, obstacle, time.time(), jitter)
        if after is None:
            if relink(LETSENCRYPT, wanted.name):
                print(f"{wanted.name}: made certbot's links again", flush=True)
            for place in clear_away(LETSENCRYPT, wanted.name, time.time()):
                print(f"{wanted.name}: something was half written; kept in {place}", flush=True)
            before = schedule.before_attempt(state, obstacle, time.time(), jitter)
            self.record(wanted.name, before)
            code, output = self.certbot.ask(wanted)
            if self.stopping.is_set():
                return
            told = outcome(code, output, by_webroot=wanted.by_webroot)
            before = with_life(before, wanted.name)
            if told.result == OK and not is_whole(LETSENCRYPT, wanted.name):
                told = Outcome(FAILED, "certbot is content, but the certificate is not whole")
            after = schedule.after_attempt(before, told, time.time(), jitter)
        after = with_life(after, wanted.name)
        if (after.result, after.reason) != (state.result, state.reason):
            until = datetime.fromtimestamp(after.next_attempt, UTC).isoformat(" ", "seconds")
            told_words = f"{after.result}: {after.reason}" if after.reason else after.result
            next_time = f" (next attempt {until})" if after.next_attempt else ""
            print(f"{wanted.name}: {told_words}{next_time}", flush=True)
        self.record(wanted.name, after)

    def obstacle(self, wanted: Wanted, state: State) -> Obstacle | None:
        """What keeps the authority from finding the answer to a challenge, where it will look."""
        present = issued(LETSENCRYPT, wanted.name)
        if not wanted.by_webroot:
            return None
        if present is not None and set(present.names) == set(wanted.domains):
            left = (present.not_after - time.time()) / (present.not_after - present.not_before)
            # Nothing is due yet, so nobody will look.
            if left > 0.5 and state.result == schedule.OK:
                return None
        return challenge_obstacle(wanted.domains, WEBROOT)

    def retire_unwanted(self, wanted: set[str], now: float) -> None:
        """Put lineages away that were asked for here once, when all that is wanted is there."""
        there = all(self.states[name].not_after is not None for name in wanted)
        for name in [name for name in self.states if name not in wanted]:
            state = self.states[name]
            since = now if state.unwanted_since is None else min(state.unwanted_since, now)
            self.states[name] = replace(state, unwanted_since=since)
            if there and now - since >= schedule.RETIRE_SECONDS:
                place = retire(LETSENCRYPT, name, now)
                if place:
                    print(f"{name}: no longer wanted; kept in {place}", flush=True)
                del self.states[name]

    def record(self, name: str, state: State) -> None:
        """Remember the state of one certificate, on disk too."""
        self.states[name] = state
        self.save()

    def save(self) -> None:
        """Write `state.json` if it changed or is old: memory cards wear out by writing."""
        now = time.time()
        if self.states != self.saved or not 0 <= now - self.saved_at < WRITE_SECONDS:
            save_states(STATE, self.states, now)
            self.saved, self.saved_at = dict(self.states), now

    def stop(self, *_: object) -> None:
        """End certbot, then the loop."""
        self.stopping.set()
        self.certbot.stop()

    def keep(self, look: Callable[[], None]) -> None:
        """Look every few seconds until told to stop; a disk that is full now may not be later."""
        while not self.stopping.is_set():
            try:
                look()
            except (OSError, ValueError, KeyError) as error:
                print(f"could not look after the certificates: {error}", flush=True)
            self.stopping.wait(SECONDS_BETWEEN_LOOKS)


def with_life(state: State, name: str) -> State:
    """The state with what the present certificate says of itself."""
    present = issued(LETSENCRYPT, name)
    if present is None:
        return replace(state, names=(), not_before=None, not_after=None)
    return replace(
        state,
        names=present.names,
        not_before=present.not_before,
        not_after=present.not_after,
    )


def healthy() -> int:
    """Exit code of the health check: 1, with the reason printed, when something is wrong."""
    wanted = read_wanted(WANTED.read_text(encoding="utf-8"))
    states, now = load_states(STATE), time.time()
    written = STATE.stat().st_mtime if STATE.exists() else 0.0
    problems = [p for w in wanted if (p := schedule.problem_with(states.get(w.name), now))]
    if now - written > 1200:
        problems.append("the certificates were not looked after for twenty minutes")
    print("; ".join(problems) or "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    if "--healthy" in sys.argv:
        sys.exit(healthy())
    keeper = Keeper()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, keeper.stop)
    with contextlib.suppress(KeyboardInterrupt):
        keeper.keep(keeper.look)

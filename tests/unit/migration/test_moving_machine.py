"""A move that is cut short anywhere, forward or backward, and what happens next."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.errors import HostError
from nvrstack.migration.execution.journal import Entry, Journal, State, entry
from nvrstack.migration.execution.machine import (
    Course,
    StandstillError,
    StepError,
    go_back,
    go_forward,
)
from nvrstack.migration.plan.steps import Step

NAMES = ("first", "second", "third", "fourth")
STEPS = tuple(Step(name, f"do {name}", f"undo {name}") for name in NAMES)
WHOLE = dict.fromkeys(NAMES, 3)


class KilledError(BaseException):
    """The power went away."""


@dataclass
class Power:
    """Goes away after so many acts; None is never."""

    acts: int | None = None

    def act(self) -> None:
        if self.acts == 0:
            raise KilledError
        if self.acts is not None:
            self.acts -= 1


@dataclass
class Host:
    """What the steps change: each has three parts. Its disk may have torn the journal's end."""

    power: Power = field(default_factory=Power)
    parts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    lines: list[str] = field(default_factory=list)
    refusing: set[str] = field(default_factory=set)
    essential: dict[str, bool] = field(default_factory=dict)

    def read(self) -> list[str]:
        return self.lines

    def append(self, line: str) -> None:
        self.power.act()
        self.lines.append(line)
        self.power.act()


@dataclass
class Change:
    """One step, which may be cut short between its parts."""

    host: Host
    name: str

    def done(self) -> bool:
        return self.host.parts[self.name] == 3

    def do(self) -> str | None:
        for part in range(self.host.parts[self.name], 3):
            self.host.power.act()
            self.host.parts[self.name] = part + 1
        if self.name in self.host.refusing:
            raise HostError(f"{self.name} cannot be done")
        return None

    def undo(self) -> str | None:
        if self.name in self.host.essential:
            raise StandstillError("it stays", goes_on=self.host.essential[self.name])
        if f"undo {self.name}" in self.host.refusing:
            raise HostError(f"{self.name} cannot be undone")
        while self.host.parts[self.name]:
            self.host.power.act()
            self.host.parts[self.name] -= 1
        return None


def course(host: Host, told: Callable[[Step], None] = lambda _: None) -> Course:
    return Course([(step, Change(host, step.id)) for step in STEPS], told, told, lambda _: None)


def journal(host: Host) -> Journal:
    return Journal(host, lambda: datetime.now(UTC))


def begun(acts: int | None = None) -> Host:
    """A host where a move was begun and maybe cut short."""
    host = Host()
    journal(host).write("began")
    host.power = Power(acts)
    cut(lambda: go_forward(course(host), journal(host)))
    host.power = Power()
    return host


def cut(what: Callable[[], object]) -> bool:
    try:
        what()
    except KilledError:
        return True
    return False


ACTS = st.integers(0, 40)


@given(ACTS, st.lists(ACTS, max_size=5))
def test_what_was_cut_short_goes_on_to_its_end(acts: int, further: list[int]) -> None:
    host = begun(acts)
    for again in further:
        host.power = Power(again)
        cut(lambda: go_forward(course(host), journal(host)))
    host.power = Power()
    if journal(host).state().phase == "forward":
        go_forward(course(host), journal(host))
    assert host.parts == WHOLE
    assert journal(host).state() == State("moved", frozenset(NAMES), frozenset(NAMES))


@given(ACTS, st.lists(ACTS, max_size=5))
def test_what_was_cut_short_goes_back_to_its_beginning(acts: int, further: list[int]) -> None:
    host = begun(acts)
    for again in further:
        host.power = Power(again)
        cut(lambda: go_back(course(host), journal(host)))
    host.power = Power()
    assert go_back(course(host), journal(host)) == ()
    assert set(host.parts.values()) == {0}
    assert journal(host).state().phase == "back"
    assert not journal(host).state().begun


@given(ACTS)
def test_certain_steps_are_not_touched_again(acts: int) -> None:
    host = begun(acts)
    certain = journal(host).state().done
    told: list[str] = []
    go_forward(course(host, lambda step: told.append(step.id)), journal(host))
    assert set(told) == set(NAMES) - certain


def test_a_step_that_fails_ends_the_way_and_is_undone_like_the_others() -> None:
    host = Host(refusing={"third"})
    journal(host).write("began")
    with pytest.raises(StepError, match="third cannot be done"):
        go_forward(course(host), journal(host))
    assert journal(host).state() == State(
        "forward", frozenset(NAMES[:3]), frozenset(NAMES[:2]), "third cannot be done"
    )
    assert go_back(course(host), journal(host)) == ()
    assert set(host.parts.values()) == {0}


def test_what_no_action_foresaw_is_an_error_like_others() -> None:
    host = begun()
    change = Change(host, "fourth")

    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "/etc/nginx")

    change.do = change.undo = refuse  # type: ignore[method-assign]
    host.parts["fourth"] = 0
    journal(host).write("began")
    broken = replace(course(host), actions=[(STEPS[3], change)])
    with pytest.raises(StepError, match="fourth: /etc/nginx: Permission denied"):
        go_forward(broken, journal(host))
    (problem,) = go_back(broken, journal(host))
    assert problem.error.message == "/etc/nginx: Permission denied"


def test_a_mistake_of_our_own_is_a_failed_step_too() -> None:
    host = begun()
    change = Change(host, "fourth")

    def slip() -> None:
        raise ValueError("no certificate")

    change.do = change.undo = slip  # type: ignore[method-assign]
    host.parts["fourth"] = 0
    journal(host).write("began")
    broken = replace(course(host), actions=[(STEPS[3], change)])
    with pytest.raises(StepError, match="fourth: nvrstack made a mistake: ValueError: no cert"):
        go_forward(broken, journal(host))
    (problem,) = go_back(broken, journal(host))
    assert "ValueError: no certificate" in problem.error.message


def test_since_when_a_step_is_under_way() -> None:
    host, times = Host(), iter(datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 9))
    log = Journal(host, lambda: next(times))
    log.write("began")
    assert log.since("third") is None
    for event in ("begin", "begin", "done"):
        log.write(event, "third")
    assert log.since("third") == datetime(2026, 1, 2, tzinfo=UTC)
    log.write("undo", "third")
    log.write("forward-again", "third")
    log.write("begin", "third")
    assert log.since("third") == datetime(2026, 1, 5, tzinfo=UTC)


def test_a_journal_that_cannot_be_written_ends_the_way() -> None:
    host = Host(power=Power())
    journal(host).write("began")

    def refuse(line: str) -> None:
        raise HostError("no room")

    host.append = refuse  # type: ignore[method-assign]
    with pytest.raises(StepError, match="first: no room"):
        go_forward(course(host), journal(host))
    assert set(host.parts.values()) == {0}


def test_what_cannot_be_undone_keeps_nothing_else_from_it_and_is_tried_again() -> None:
    host = begun()
    host.refusing = {"undo third"}
    (problem,) = go_back(course(host), journal(host))
    assert problem.step.id == "third"
    assert host.parts == {"first": 0, "second": 0, "third": 3, "fourth": 0}
    assert journal(host).state().phase == "backward"
    host.refusing = set()
    assert go_back(course(host), journal(host)) == ()
    assert set(host.parts.values()) == {0}


@pytest.mark.parametrize(("goes_on", "phase"), [(True, "forward"), (False, "backward")])
def test_where_undoing_more_would_do_harm_the_way_back_ends(goes_on: bool, phase: str) -> None:
    host = begun()
    host.essential = {"second": goes_on}
    (problem,) = go_back(course(host), journal(host))
    assert problem.step.id == "second"
    assert host.parts == {"first": 3, "second": 3, "third": 0, "fourth": 0}
    state = journal(host).state()
    assert (state.phase, "second" in state.done) == (phase, False)
    assert state.failure == ("it stays" if goes_on else "")
    host.essential = {}
    if goes_on:
        go_forward(course(host), journal(host))
        assert host.parts == WHOLE
        assert journal(host).state() == State("moved", frozenset(NAMES), frozenset(NAMES))
    assert go_back(course(host), journal(host)) == ()
    assert set(host.parts.values()) == {0}


def test_what_failed_is_no_news_once_it_is_done() -> None:
    host = Host(refusing={"third"})
    journal(host).write("began")
    with pytest.raises(StepError):
        go_forward(course(host), journal(host))
    host.refusing = set()
    go_forward(course(host), journal(host))
    assert journal(host).state().failure == ""


def test_a_full_disk_does_not_keep_a_way_back_from_its_end() -> None:
    host = begun()

    def refuse(line: str) -> None:
        raise HostError("no room")

    host.append = refuse  # type: ignore[method-assign]
    assert go_back(course(host), journal(host)) == ()
    assert set(host.parts.values()) == {0}


def test_a_second_move_is_told_apart_from_the_first() -> None:
    host = begun()
    go_back(course(host), journal(host))
    journal(host).write("began")
    assert journal(host).state() == State("forward")


@given(st.text(max_size=60))
def test_a_line_that_is_none_of_ours_is_passed_over(text: str) -> None:
    found = entry(text)
    assert found is None or isinstance(found, Entry)


@given(st.text(max_size=60), st.text(max_size=200))
def test_an_entry_is_read_as_it_was_written(step: str, note: str) -> None:
    written = Entry("done", datetime.now(UTC), step, note)
    assert "\n" not in written.as_line()
    assert entry(written.as_line()) == written

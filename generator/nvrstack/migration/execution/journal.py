"""What was done of a move, as the journal on disk tells it."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

Event = Literal[
    "began",  # a move, with its steps
    "begin",  # a step is about to be done
    "done",
    "failed",
    "moved",  # the last step was done
    "going-back",
    "undo",  # a step is about to be undone
    "undone",
    "forward-again",  # the old system cannot come back, so the new one stays
    "back",  # everything was undone
    "finished",  # the old system was given up
]
"""What a line of the journal says."""


@dataclass(frozen=True)
class Entry:
    """One line of the journal. `at` is the time of day in UTC, `note` what a step had to say."""

    event: Event
    at: datetime
    step: str = ""
    note: str = ""

    def as_line(self) -> str:
        """The entry as a line of JSON."""
        data = {"event": self.event, "at": self.at.isoformat(), "step": self.step}
        return json.dumps({**data, "note": self.note} if self.note else data)


def entry(line: str) -> Entry | None:
    """The entry that a line holds, None where it is none of ours."""
    try:
        data: dict[str, Any] = json.loads(line)
        at = datetime.fromisoformat(data["at"])
        return Entry(data["event"], at, data.get("step", ""), data.get("note", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


Phase = Literal["none", "forward", "moved", "backward", "back", "finished"]
PHASES: Mapping[Event, Phase] = {
    "moved": "moved",
    "going-back": "backward",
    "forward-again": "forward",
    "back": "back",
    "finished": "finished",
}


@dataclass(frozen=True)
class State:
    """How far a move has come. Steps are named by their ids.

    `begun` holds those that may have left something, `done` those that are certain; `failure` is
    what a step that failed had to say, as long as it was not done after all.
    """

    phase: Phase = "none"
    begun: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    failure: str = ""

    def after(self, found: Entry) -> "State":
        """The state when `found` has been written."""
        if found.event == "began":
            return State("forward")
        begun, done, failure, step = self.begun, self.done, self.failure, {found.step}
        match found.event:
            case "begin":
                begun |= step
            case "done":
                done, failure = done | step, ""
            case "failed" | "forward-again":
                failure = found.note
            case "undo":
                done -= step
            case "undone":
                begun -= step
        phase = PHASES.get(found.event, self.phase)
        return State(phase, begun, done, failure)


class Lines(Protocol):
    """Where the journal's lines are kept."""

    def read(self) -> Iterable[str]:
        """Every whole line."""

    def append(self, line: str) -> None:
        """Add a line that is safe when this returns."""


class Journal:
    """The journal of one project directory, which may tell of several moves, one after another."""

    def __init__(self, lines: Lines, now: Callable[[], datetime]) -> None:
        self._lines = lines
        self._now = now

    def entries(self) -> tuple[Entry, ...]:
        """What the journal tells of the last move."""
        found = [e for line in self._lines.read() if (e := entry(line)) is not None]
        starts = [i for i, e in enumerate(found) if e.event == "began"]
        return tuple(found[starts[-1] :]) if starts else ()

    def notes(self) -> tuple[str, ...]:
        """What the steps of the last move had to say, each once."""
        told = [e.note for e in self.entries() if e.event == "done" and e.note]
        return tuple(dict.fromkeys(told))

    def state(self) -> State:
        """How far the last move has come."""
        state = State()
        for found in self.entries():
            state = state.after(found)
        return state

    def write(self, event: Event, step: str = "", note: str = "") -> None:
        """Add an entry."""
        self._lines.append(Entry(event, self._now(), step, note).as_line())

    def first(self, event: Event, step: str) -> datetime | None:
        """When something was first written of the last move."""
        return next(iter(self._times(event, step)), None)

    def since(self, step: str) -> datetime | None:
        """When a step was last begun to be undone, or else first begun; None where it was not."""
        undone = self._times("undo", step)
        return undone[-1] if undone else self.first("begin", step)

    def _times(self, event: Event, step: str) -> list[datetime]:
        return [e.at for e in self.entries() if (e.event, e.step) == (event, step)]

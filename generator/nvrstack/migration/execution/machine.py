"""Goes through the steps of a move, forward or backward, from wherever the last one ended."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from nvrstack.errors import HostError, NvrstackError
from nvrstack.migration.execution.journal import Event, Journal
from nvrstack.migration.plan.steps import Step


class Action(Protocol):
    """What a step does. Each of the three may be called again after it was cut short anywhere.

    `do` and `undo` return what a person should know beside the step's title, or nothing. They raise
    NvrstackError.
    """

    def done(self) -> bool:
        """Whether there is nothing left to do."""

    def do(self) -> str | None:
        """Do it, or what is left of it."""

    def undo(self) -> str | None:
        """Take back whatever was done of it."""


@dataclass(frozen=True)
class Course:
    """The steps with their actions, and who is told of each as it begins, and what it says."""

    actions: Sequence[tuple[Step, Action]]
    forward: Callable[[Step], None]
    backward: Callable[[Step], None]
    say: Callable[[str], None]


class StandstillError(HostError):
    """An undo that failed where undoing what is before it would leave neither system running.

    `goes_on` tells that the step is done again, so that the new system works.
    """

    def __init__(self, message: str, hint: str = "", *, goes_on: bool) -> None:
        super().__init__(message, hint)
        self.goes_on = goes_on


class StepError(Exception):
    """A step that failed, and why."""

    def __init__(self, step: Step, error: NvrstackError) -> None:
        super().__init__(f"{step.id}: {error.message}")
        self.step = step
        self.error = error


def go_forward(course: Course, journal: Journal) -> None:
    """Do every step that is not certain to be done.

    Raises StepError at the first that fails; what was done before it stays done.
    """
    certain = journal.state().done
    for step, action in course.actions:
        if step.id in certain:
            continue
        course.forward(step)
        try:
            journal.write("begin", step.id)
            note = None if action.done() else action.do()
            journal.write("done", step.id, note or "")
        except Exception as error:
            failure = StepError(step, _told(error))
            with contextlib.suppress(NvrstackError):
                journal.write("failed", step.id, failure.error.message)
            raise failure from error
        if note:
            course.say(note)
    journal.write("moved")


def go_back(course: Course, journal: Journal) -> tuple[StepError, ...]:
    """Undo every step that may have left something, the last one first.

    What cannot be undone does not keep the steps before it from being undone, unless it says so,
    nor does a journal that cannot be written. Returns what failed; the next call tries that again.
    """
    problems = []
    begun = journal.state().begun
    _note(journal, "going-back")
    for step, action in reversed(course.actions):
        if step.id not in begun:
            continue
        if step.undo is not None:
            course.backward(step)
        _note(journal, "undo", step.id)
        try:
            note = action.undo()
        except StandstillError as error:
            problems.append(StepError(step, error))
            if error.goes_on:
                _note(journal, "forward-again", step.id, error.message)
            break
        except Exception as error:  # noqa: BLE001 - see _told
            problems.append(StepError(step, _told(error)))
            continue
        _note(journal, "undone", step.id)
        if note:
            course.say(note)
    if not problems:
        _note(journal, "back")
    return tuple(problems)


def _told(error: Exception) -> NvrstackError:
    """An error in words; what no action foresaw is a disk or a permission that said no.

    Anything else is a mistake of this program's. That too must not end a move halfway.
    """
    if isinstance(error, NvrstackError):
        return error
    if not isinstance(error, OSError):
        return HostError(
            f"nvrstack made a mistake: {type(error).__name__}: {error}", "please report it"
        )
    return HostError(
        f"{error.filename or 'this host'}: {error.strerror or error}",
        "check that the disk has room and that you may write there",
    )


def _note(journal: Journal, event: Event, step: str = "", note: str = "") -> None:
    with contextlib.suppress(NvrstackError):
        journal.write(event, step, note)

"""A move on its way: forward as far as it can, and back where it cannot."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from nvrstack.errors import HostError, NvrstackError
from nvrstack.host import journal as journal_file
from nvrstack.host.docker import engine
from nvrstack.host.file_copies import write_private
from nvrstack.migration.execution import machine
from nvrstack.migration.execution.actions import actions
from nvrstack.migration.execution.journal import Journal
from nvrstack.migration.execution.machine import Course, StandstillError, StepError
from nvrstack.migration.execution.report import ON_OR_BACK, Report, report
from nvrstack.migration.execution.store import MOVE, text_of
from nvrstack.migration.execution.stored_move import JOURNAL
from nvrstack.migration.execution.way_back import obstacles, stay
from nvrstack.migration.execution.work import Work
from nvrstack.migration.plan.steps import Step, steps

ENGINE_SECONDS = 60
"""How long a way back waits for an engine that has gone."""
AGAIN = "mend that, then run: nvrstack migrate rollback"
MENDED = (
    "`nvrstack migrate resume` stays with the new system; "
    "`nvrstack migrate rollback` goes back once that is mended"
)


class Follower(Protocol):
    """Who follows a move: is told of it, and asked before something of the old system is lost."""

    def shown(self, steps: Sequence[Step]) -> AbstractContextManager[None]:
        """While this lasts, the steps are gone through."""

    def forward(self, step: Step) -> None:
        """A step begins."""

    def backward(self, step: Step) -> None:
        """A step is about to be undone."""

    def say(self, text: str) -> None:
        """A step has something to say."""

    def tell(self, text: str) -> None:
        """The move as a whole has something to say."""

    def agrees(self, question: str) -> bool:
        """Whether a person says yes. Raises InputError when nobody is there to be asked."""


class MoveError(NvrstackError):
    """A move that did not come to its end, and how things stand now."""


def go_on(follower: Follower, work: Work, journal: Journal, *, keep: bool) -> Report:
    """Do what is left of a move, or go back where a step fails. Raises MoveError, HostError."""
    try:
        with follower.shown(steps(work.move)):
            machine.go_forward(_course(work, journal, follower), journal)
    except KeyboardInterrupt:
        follower.tell(f"Cut short. {ON_OR_BACK}.")
        raise
    except StepError as failure:
        if failure.step.id == "verify" and keep:
            raise _failed(failure, f"everything is left as it is now; {ON_OR_BACK}") from failure
        follower.tell(f"{failure.step.title}: {failure.error.message}")
        go_back(follower, work, journal)
        raise _failed(failure, "the old system is back, as it was before") from failure
    return report(work.move, journal)


def go_back(follower: Follower, work: Work, journal: Journal) -> Report:
    """Undo what was done of a move. Raises HostError where that has to wait, or cannot be."""
    _wait_for_engine()
    try:
        in_the_way = obstacles(work, journal.state())
    except HostError as error:
        raise HostError(f"the way back has to wait: {error.message}", AGAIN) from error
    if in_the_way:
        raise _no_way_back(work, journal, in_the_way)
    with follower.shown(steps(work.move)):
        found = machine.go_back(_course(work, journal, follower), journal)
    if found:
        what = "\n".join(f"  {one.step.undo}: {one.error.message}" for one in found)
        stuck = any(isinstance(one.error, StandstillError) for one in found)
        raise HostError(f"the way back is not complete\n{what}", MENDED if stuck else AGAIN)
    close(work)
    return report(work.move, journal)


def close(work: Work) -> None:
    """Keep the move without the secrets that it was carried out with."""
    journal_file.release(work.project / JOURNAL)
    write_private(work.own / MOVE, text_of(replace(work.move, secrets={})))


def _no_way_back(work: Work, journal: Journal, in_the_way: Sequence[str]) -> HostError:
    """See that the new Moonfire records, for the old one cannot; what a person is told of it."""
    listed = "\n".join(f"  {one}" for one in in_the_way)
    if journal.state().phase == "moved":
        return HostError(
            f"there is no way back to the old system; nothing was changed\n{listed}",
            "mend what is listed and try again, or give the old system up: nvrstack migrate finish",
        )
    try:
        stay(work, journal, in_the_way)
    except NvrstackError as error:
        listed += f"\n  nor does the new one record: {error.message}"
    return HostError(f"there is no way back to the old system\n{listed}", MENDED)


def _failed(failure: StepError, outcome: str) -> MoveError:
    hint = f"{failure.error.hint}; " if failure.error.hint else ""
    error = MoveError(failure.error.message, f"{hint}{outcome}")
    error.code = failure.error.code
    return error


def _course(work: Work, journal: Journal, follower: Follower) -> Course:
    return Course(actions(work, journal), follower.forward, follower.backward, follower.say)


def _wait_for_engine() -> None:
    deadline = time.monotonic() + ENGINE_SECONDS
    while engine.engine_problem() and time.monotonic() < deadline:
        time.sleep(1)

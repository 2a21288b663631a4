"""Carrying a move out: `run`, and what can be done about one that was cut short or is over."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nvrstack.cli import create
from nvrstack.cli.console import Console
from nvrstack.cli.progress import Progress
from nvrstack.cli.stored_move import (
    JOURNAL,
    journal_of,
    make_place,
    opened,
    stored,
    use_engine,
    work_of,
)
from nvrstack.errors import HostError, InputError, NvrstackError
from nvrstack.host import containers, engine
from nvrstack.host import journal as journal_file
from nvrstack.host.alone import alone, is_busy
from nvrstack.host.keeping import write_private
from nvrstack.migration.move import Move
from nvrstack.migration.steps import steps
from nvrstack.moving.actions import actions
from nvrstack.moving.journal import Journal, State
from nvrstack.moving.machine import Course, StandstillError, StepError, go_back, go_forward
from nvrstack.moving.old_moonfire import definition
from nvrstack.moving.preflight import problems, reasons_for_root
from nvrstack.moving.proof import moonfire_problem
from nvrstack.moving.report import ON_OR_BACK, as_json, in_words
from nvrstack.moving.store import MOVE, text_of
from nvrstack.moving.way_back import obstacles, stay
from nvrstack.moving.work import FOUND, OWN, Work

ENGINE_SECONDS = 60
"""How long a way back waits for an engine that has gone."""
AGAIN = "mend that, then run: nvrstack migrate --rollback"
MENDED = (
    "`nvrstack migrate --resume` stays with the new system; "
    "`nvrstack migrate --rollback` goes back once that is mended"
)


class MoveError(NvrstackError):
    """A move that did not come to its end, and how things stand now."""


def run(console: Console, move: Move, *, keep: bool = False) -> None:
    """Carry out a move from its beginning. With `keep`, a failed proof is not taken back.

    Raises InputError where one was begun already, HostError before anything is changed where this
    host is not ready, MoveError where a step failed and the old system is back.
    """
    project = Path(move.project)
    if already_moved(console, project):
        return
    create.check_target(project)
    use_engine(move)
    reasons = list(reasons_for_root(move))
    if reasons:
        raise HostError(
            "this move needs root; nothing was changed\n" + "\n".join(f"  {r}" for r in reasons),
            "run the command again with sudo",
        )
    found = problems(work_of(move))
    if found:
        raise HostError(
            "this host is not ready for the move; nothing was changed\n"
            + "\n".join(f"  {problem}" for problem in found),
            "mend what is listed, then start again",
        )
    make_place(move)
    with alone(project / OWN) as lent:
        journal = journal_of(project)
        if _already(console, journal.state(), project):
            return
        shutil.rmtree(project / OWN / FOUND, ignore_errors=True)
        write_private(project / OWN / MOVE, text_of(move))
        journal_file.reserve(project / JOURNAL)
        journal.write("began")
        _forward(console, replace(work_of(move), lend=(lent,)), journal, keep=keep)


def already_moved(console: Console, project: Path) -> bool:
    """Say so where `project` was moved before. Raises InputError where a move was cut short."""
    return _already(console, journal_of(project).state(), project)


def resume(console: Console, project: Path, *, keep: bool = False) -> None:
    """Go on with what was cut short, in the direction that it had."""
    with opened(project) as (work, journal):
        phase = journal.state().phase
        if phase == "forward":
            _forward(console, work, journal, keep=keep)
        elif phase == "backward":
            _backward(console, work, journal)
        else:
            _report(console, work, journal)


def rollback(console: Console, project: Path) -> None:
    """Go back to the old system, as it was before the move."""
    with opened(project) as (work, journal):
        phase = journal.state().phase
        if phase == "finished":
            raise InputError(
                "the move is finished, and the old system was given up",
                f"what was kept of its files is in {project / OWN}",
            )
        if phase == "moved" and work.move.upgrades_schema:
            old = f"Moonfire {work.move.install.version or 'before'}"
            if not console.agrees(
                f"The database was upgraded, and {old} cannot open it. What was recorded, and who "
                "got an account, since then is lost on the way back. Go back all the same?"
            ):
                return
        if phase != "back":
            _backward(console, work, journal)
        else:
            _report(console, work, journal)


def status(console: Console, project: Path) -> None:
    """Tell how far the move has come, from its journal."""
    journal = journal_of(project)
    if journal.state().phase == "none":
        console.result({"phase": "none", "steps": []}, f"No move was begun in {project}.")
        return
    move = stored(project)
    busy = is_busy(project / OWN)
    words = "A move is going on now." if busy else in_words(move, journal.state(), journal.notes())
    console.result({**as_json(move, journal.state(), journal.notes()), "busy": busy}, words)


def finish(console: Console, project: Path) -> None:
    """Give the old system up: remove its container, once a person agrees."""
    with opened(project) as (work, journal):
        phase = journal.state().phase
        if phase == "finished":
            _give_up(work)
            console.result({"finished": True}, "The move is finished already.")
            return
        if phase != "moved":
            raise InputError("there is no move to finish", in_words(work.move, journal.state(), ()))
        problem = moonfire_problem(work)
        if problem:
            raise HostError(
                f"the new Moonfire does not work, so the old system is kept: {problem}",
                "see nvrstack doctor, or go back: nvrstack migrate --rollback",
            )
        old = f"remove the old container {work.move.kept_name}"
        what = old if work.move.has_container else f"give up the way back to {work.move.unit}"
        if not console.agrees(f"There is no way back then: {what}?"):
            return
        journal.write("finished")
        _give_up(work)
        told = [f"Finished. Copies of the old files stay in {project / OWN}."]
        units = work.move.units
        if units:
            told.append(f"Stopped and disabled, as they are now, stay: {', '.join(units)}.")
        console.result({"finished": True}, "\n".join(told))


def _give_up(work: Work) -> None:
    """Remove what is left of the old system, which may have been cut short."""
    if work.move.has_container:
        containers.remove(definition(work.found)["Id"])
    _close(work)


def _close(work: Work) -> None:
    """Keep the move without the secrets that it was carried out with."""
    journal_file.release(work.project / JOURNAL)
    write_private(work.own / MOVE, text_of(replace(work.move, secrets={})))


def _forward(console: Console, work: Work, journal: Journal, *, keep: bool) -> None:
    progress = Progress(console, steps(work.move))
    try:
        with progress.shown():
            go_forward(_course(work, journal, progress), journal)
    except KeyboardInterrupt:
        console.say(f"Cut short. {ON_OR_BACK}.")
        raise
    except StepError as failure:
        if failure.step.id == "verify" and keep:
            raise _failed(failure, f"everything is left as it is now; {ON_OR_BACK}") from failure
        console.say(f"{failure.step.title}: {failure.error.message}")
        _backward(console, work, journal, failure)
    _report(console, work, journal)


def _backward(
    console: Console, work: Work, journal: Journal, failure: StepError | None = None
) -> None:
    progress = Progress(console, steps(work.move))
    _wait_for_engine()
    try:
        in_the_way = obstacles(work, journal.state())
    except HostError as error:
        raise HostError(f"the way back has to wait: {error.message}", AGAIN) from error
    if in_the_way:
        raise _no_way_back(work, journal, in_the_way)
    with progress.shown():
        found = go_back(_course(work, journal, progress), journal)
    if found:
        what = "\n".join(f"  {one.step.undo}: {one.error.message}" for one in found)
        stuck = any(isinstance(one.error, StandstillError) for one in found)
        raise HostError(
            f"the way back is not complete\n{what}",
            MENDED if stuck else AGAIN,
        )
    _close(work)
    if failure is not None:
        raise _failed(failure, "the old system is back, as it was before") from failure
    _report(console, work, journal)


def _no_way_back(work: Work, journal: Journal, in_the_way: Sequence[str]) -> HostError:
    """See that the new Moonfire records, for the old one cannot; what a person is told of it."""
    listed = "\n".join(f"  {one}" for one in in_the_way)
    if journal.state().phase == "moved":
        return HostError(
            f"there is no way back to the old system; nothing was changed\n{listed}",
            "mend what is listed and try again, or give the old system up: "
            "nvrstack migrate --finish",
        )
    try:
        stay(work, journal, in_the_way)
    except NvrstackError as error:
        listed += f"\n  nor does the new one record: {error.message}"
    return HostError(f"there is no way back to the old system\n{listed}", MENDED)


def _report(console: Console, work: Work, journal: Journal) -> None:
    told = (work.move, journal.state(), journal.notes())
    console.result(as_json(*told), in_words(*told))


def _failed(failure: StepError, outcome: str) -> MoveError:
    hint = f"{failure.error.hint}; " if failure.error.hint else ""
    error = MoveError(failure.error.message, f"{hint}{outcome}")
    error.code = failure.error.code
    return error


def _course(work: Work, journal: Journal, progress: Progress) -> Course:
    return Course(actions(work, journal), progress.forward, progress.backward, progress.say)


def _already(console: Console, state: State, project: Path) -> bool:
    """Whether the move was made before. Raises InputError where one was cut short."""
    if state.phase in {"moved", "finished"}:
        console.result({"phase": state.phase}, f"{project} was moved already; nothing was changed.")
        return True
    if state.phase in {"forward", "backward"}:
        raise InputError(f"{project}: a move was cut short there", ON_OR_BACK)
    return False


def _wait_for_engine() -> None:
    deadline = time.monotonic() + ENGINE_SECONDS
    while engine.engine_problem() and time.monotonic() < deadline:
        time.sleep(1)

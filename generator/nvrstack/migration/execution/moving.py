"""Carrying a move out: `run`, and what can be done about one that was cut short or is over.

Each gives what there is to tell, None where the person it asked said no.
"""

from dataclasses import replace
from pathlib import Path

from nvrstack.errors import HostError, InputError
from nvrstack.host import journal as journal_file
from nvrstack.host.apply import remove_directory
from nvrstack.host.docker import containers
from nvrstack.host.file_copies import write_private
from nvrstack.host.move_lock import alone, is_busy
from nvrstack.migration.execution.both_ways import Follower, close, go_back, go_on
from nvrstack.migration.execution.journal import State
from nvrstack.migration.execution.old_moonfire import definition
from nvrstack.migration.execution.preflight import problems, reasons_for_root
from nvrstack.migration.execution.proof import moonfire_problem
from nvrstack.migration.execution.report import ON_OR_BACK, Report, in_words, report
from nvrstack.migration.execution.store import MOVE, text_of
from nvrstack.migration.execution.stored_move import (
    JOURNAL,
    journal_of,
    make_place,
    opened,
    stored,
    use_engine,
    work_of,
)
from nvrstack.migration.execution.work import FOUND, OWN, Work
from nvrstack.migration.plan.move import Move
from nvrstack.projects import create


def run(follower: Follower, move: Move, *, keep: bool = False) -> Report:
    """Carry out a move from its beginning. With `keep`, a failed proof is not taken back.

    Raises InputError where one was begun already, HostError before anything is changed where this
    host is not ready, MoveError where a step failed and the old system is back.
    """
    project = Path(move.project)
    if (before := already_moved(project)) is not None:
        return before
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
        if (before := _moved(journal.state(), project)) is not None:
            return before
        remove_directory(project / OWN / FOUND)
        write_private(project / OWN / MOVE, text_of(move))
        journal_file.reserve(project / JOURNAL)
        journal.write("began")
        return go_on(follower, replace(work_of(move), lend=(lent,)), journal, keep=keep)


def already_moved(project: Path) -> Report | None:
    """What to tell where `project` was moved before. Raises InputError where one was cut short."""
    return _moved(journal_of(project).state(), project)


def resume(follower: Follower, project: Path, *, keep: bool = False) -> Report:
    """Go on with what was cut short, in the direction that it had."""
    with opened(project) as (work, journal):
        phase = journal.state().phase
        if phase == "forward":
            return go_on(follower, work, journal, keep=keep)
        if phase == "backward":
            return go_back(follower, work, journal)
        return report(work.move, journal)


def rollback(follower: Follower, project: Path) -> Report | None:
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
            if not follower.agrees(
                f"The database was upgraded, and {old} cannot open it. What was recorded, and who "
                "got an account, since then is lost on the way back. Go back all the same?"
            ):
                return None
        return report(work.move, journal) if phase == "back" else go_back(follower, work, journal)


def status(project: Path) -> Report:
    """How far the move has come, from its journal."""
    journal = journal_of(project)
    if journal.state().phase == "none":
        return Report({"phase": "none", "steps": []}, f"No move was begun in {project}.")
    told, busy = report(stored(project), journal), is_busy(project / OWN)
    words = "A move is going on now." if busy else told.words
    return Report({**told.data, "busy": busy}, words)


def finish(follower: Follower, project: Path) -> Report | None:
    """Give the old system up: remove its container, once a person agrees."""
    with opened(project) as (work, journal):
        phase = journal.state().phase
        if phase == "finished":
            _give_up(work)
            return Report({"finished": True}, "The move is finished already.")
        if phase != "moved":
            raise InputError("there is no move to finish", in_words(work.move, journal.state(), ()))
        problem = moonfire_problem(work)
        if problem:
            raise HostError(
                f"the new Moonfire does not work, so the old system is kept: {problem}",
                "see nvrstack doctor, or go back: nvrstack migrate rollback",
            )
        old = f"remove the old container {work.move.kept_name}"
        what = old if work.move.has_container else f"give up the way back to {work.move.unit}"
        if not follower.agrees(f"There is no way back then: {what}?"):
            return None
        journal.write("finished")
        _give_up(work)
        told = [f"Finished. Copies of the old files stay in {project / OWN}."]
        units = work.move.units
        if units:
            told.append(f"Stopped and disabled, as they are now, stay: {', '.join(units)}.")
        return Report({"finished": True}, "\n".join(told))


def _give_up(work: Work) -> None:
    """Remove what is left of the old system, which may have been cut short."""
    if work.move.has_container:
        containers.remove(definition(work.found)["Id"])
    close(work)


def _moved(state: State, project: Path) -> Report | None:
    if state.phase in {"moved", "finished"}:
        return Report({"phase": state.phase}, f"{project} was moved already; nothing was changed.")
    if state.phase in {"forward", "backward"}:
        raise InputError(f"{project}: a move was cut short there", ON_OR_BACK)
    return None

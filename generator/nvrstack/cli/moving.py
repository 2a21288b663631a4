"""Carrying a move out: `run`, and what can be done about one that was cut short or is over."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nvrstack.cli import create
from nvrstack.cli.console import SETTINGS, Console
from nvrstack.cli.progress import Progress
from nvrstack.errors import HostError, InputError, NvrstackError
from nvrstack.host import containers, engine
from nvrstack.host import journal as journal_file
from nvrstack.host.alone import alone, is_busy
from nvrstack.host.apply import KEPT, make_directory, refused
from nvrstack.host.keeping import write_private
from nvrstack.migration.move import Move
from nvrstack.migration.steps import steps
from nvrstack.moving.actions import actions
from nvrstack.moving.journal import Journal, State
from nvrstack.moving.machine import Course, StepError, go_back, go_forward
from nvrstack.moving.preflight import problems, reasons_for_root
from nvrstack.moving.report import ON_OR_BACK, as_json, in_words
from nvrstack.moving.store import MOVE, move_from, text_of
from nvrstack.moving.work import FOUND, OWN, Work
from nvrstack.settings.load import load
from nvrstack.stacks import load_stacks
from nvrstack.tree import File

JOURNAL = f"{KEPT}/journal"
CONFIG = "moonfire/moonfire-nvr.toml"
OVERRIDE = "compose.override.yaml"
ENGINE_SECONDS = 60
"""How long a way back waits for an engine that has gone."""


class MoveError(NvrstackError):
    """A move that did not come to its end, and how things stand now."""


@dataclass(frozen=True)
class Lines:
    """The journal of a project on disk."""

    path: Path

    def read(self) -> tuple[str, ...]:
        """Every whole line."""
        return journal_file.lines(self.path)

    def append(self, line: str) -> None:
        """Add a line that is safe when this returns."""
        journal_file.append(self.path, line)


def run(console: Console, move: Move, *, keep: bool = False) -> None:
    """Carry out a move from its beginning. With `keep`, a failed proof is not taken back.

    Raises InputError where one was begun already, HostError before anything is changed where this
    host is not ready, MoveError where a step failed and the old system is back.
    """
    project = Path(move.project)
    if already_moved(console, project):
        return
    create.check_target(project)
    _use_engine(move)
    reasons = list(reasons_for_root(move))
    if reasons:
        raise HostError(
            "this move needs root; nothing was changed\n" + "\n".join(f"  {r}" for r in reasons),
            "run the command again with sudo",
        )
    found = problems(_work(move))
    if found:
        raise HostError(
            "this host is not ready for the move; nothing was changed\n"
            + "\n".join(f"  {problem}" for problem in found),
            "mend what is listed, then start again",
        )
    _make_place(move)
    with alone(project / OWN) as lent:
        journal = _journal(project)
        if _already(console, journal.state(), project):
            return
        shutil.rmtree(project / OWN / FOUND, ignore_errors=True)
        write_private(project / OWN / MOVE, text_of(move))
        journal_file.reserve(project / JOURNAL)
        journal.write("began")
        _forward(console, replace(_work(move), lend=(lent,)), journal, keep=keep)


def already_moved(console: Console, project: Path) -> bool:
    """Say so where `project` was moved before. Raises InputError where a move was cut short."""
    return _already(console, _journal(project).state(), project)


def resume(console: Console, project: Path, *, keep: bool = False) -> None:
    """Go on with what was cut short, in the direction that it had."""
    with _opened(project) as (work, journal):
        phase = journal.state().phase
        if phase == "forward":
            _forward(console, work, journal, keep=keep)
        elif phase == "backward":
            _backward(console, work, journal)
        else:
            _report(console, work, journal)


def rollback(console: Console, project: Path) -> None:
    """Go back to the old system, as it was before the move."""
    with _opened(project) as (work, journal):
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
    journal = _journal(project)
    if journal.state().phase == "none":
        console.result({"phase": "none", "steps": []}, f"No move was begun in {project}.")
        return
    move = _stored(project)
    busy = is_busy(project / OWN)
    words = "A move is going on now." if busy else in_words(move, journal.state(), journal.notes())
    console.result({**as_json(move, journal.state(), journal.notes()), "busy": busy}, words)


def finish(console: Console, project: Path) -> None:
    """Give the old system up: remove its container, once a person agrees."""
    with _opened(project) as (work, journal):
        phase = journal.state().phase
        if phase != "moved":
            if phase == "finished":
                console.result({"finished": True}, "The move is finished already.")
                return
            raise InputError("there is no move to finish", in_words(work.move, journal.state(), ()))
        old = f"remove the old container {work.move.kept_name}"
        what = old if work.move.has_container else f"give up the way back to {work.move.unit}"
        if not console.agrees(f"There is no way back then: {what}?"):
            return
        if work.move.has_container:
            containers.remove(work.move.kept_name)
        journal.write("finished")
        journal_file.release(project / JOURNAL)
        # Without the secrets that it was carried out with; the project has them.
        write_private(project / OWN / MOVE, text_of(replace(work.move, secrets={})))
        told = f"Finished. Copies of the old files stay in {project / OWN}."
        console.result({"finished": True}, told)


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
    with progress.shown():
        found = go_back(_course(work, journal, progress), journal)
    if found:
        what = "\n".join(f"  {one.step.undo}: {one.error.message}" for one in found)
        raise HostError(
            f"the way back is not complete\n{what}",
            "mend what is listed, then run: nvrstack migrate --rollback",
        )
    journal_file.release(work.project / JOURNAL)
    write_private(work.own / MOVE, text_of(replace(work.move, secrets={})))
    if failure is not None:
        raise _failed(failure, "the old system is back, as it was before") from failure
    _report(console, work, journal)


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


@contextlib.contextmanager
def _opened(project: Path) -> Iterator[tuple[Work, Journal]]:
    """A move that was begun, for this process alone."""
    if _journal(project).state().phase == "none":
        raise InputError(f"no move was begun in {project}", "name the project: --project DIR")
    move = _stored(project)
    _use_engine(move)
    with alone(project / OWN) as lent:
        yield replace(_work(move), lend=(lent,)), _journal(project)


def _stored(project: Path) -> Move:
    place = project / OWN / MOVE
    try:
        return move_from(place.read_text(encoding="utf-8"), str(place))
    except OSError as error:
        raise HostError(
            f"{place}: {error.strerror}", "run the command as whoever began the move: with sudo"
        ) from error


def _work(move: Move) -> Work:
    stacks = load_stacks()
    settings = load(move.settings, SETTINGS, stacks)
    directory = Path(move.project)

    def write_project() -> None:
        stack = stacks[settings.stack]
        files = create.new_files(directory, settings, stack, dict(move.secrets))
        # The manifest has what the settings render, so that a later render merges with this.
        files = {**files, SETTINGS: File(move.settings.encode())}
        files[CONFIG] = File(move.moonfire_config.encode())
        if move.override is not None:
            files[OVERRIDE] = File(move.override.encode())
        create.write_project(directory, settings, stack, files)

    return Work(move, settings, write_project)


def _make_place(move: Move) -> None:
    """Make the project directory, with the private place of the move in it."""
    project, owner = Path(move.project), create.file_owner(_work(move).settings)
    try:
        make_directory(project, 0o755, owner)
        make_directory(project / KEPT, 0o700, owner)
        make_directory(project / OWN, 0o700, None)
    except OSError as error:
        raise refused(project, error) from error


def _journal(project: Path) -> Journal:
    return Journal(Lines(project / JOURNAL), lambda: datetime.now(UTC))


def _use_engine(move: Move) -> None:
    """Speak to the engine of the plan: sudo may have dropped the variable that names it."""
    if move.docker_host is not None:
        os.environ["DOCKER_HOST"] = move.docker_host


def _wait_for_engine() -> None:
    deadline = time.monotonic() + ENGINE_SECONDS
    while engine.engine_problem() and time.monotonic() < deadline:
        time.sleep(1)

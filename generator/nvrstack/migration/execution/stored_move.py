"""A move and its journal on disk, in the project directory that it makes."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nvrstack.errors import HostError, InputError
from nvrstack.host import journal as journal_file
from nvrstack.host.apply import KEPT, make_directory
from nvrstack.host.atomic import refused
from nvrstack.host.docker import client
from nvrstack.host.move_lock import alone
from nvrstack.migration.execution.journal import Journal
from nvrstack.migration.execution.store import MOVE, move_from
from nvrstack.migration.execution.work import OWN, Work
from nvrstack.migration.plan.move import Move
from nvrstack.projects import create
from nvrstack.settings import SETTINGS
from nvrstack.settings.load import load
from nvrstack.stacks import load_stacks
from nvrstack.tree import File

JOURNAL = f"{KEPT}/journal"
CONFIG = "moonfire/moonfire-nvr.toml"
OVERRIDE = "compose.override.yaml"


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


@contextlib.contextmanager
def opened(project: Path) -> Iterator[tuple[Work, Journal]]:
    """A move that was begun, for this process alone. Raises InputError, HostError."""
    if journal_of(project).state().phase == "none":
        raise InputError(f"no move was begun in {project}", "name the project: --project DIR")
    move = stored(project)
    use_engine(move)
    with alone(project / OWN) as lent:
        yield replace(work_of(move), lend=(lent,)), journal_of(project)


def stored(project: Path) -> Move:
    """The move of a project. Raises InputError, HostError."""
    place = project / OWN / MOVE
    try:
        return move_from(place.read_text(encoding="utf-8"), str(place))
    except OSError as error:
        raise HostError(
            f"{place}: {error.strerror}", "run the command as whoever began the move: with sudo"
        ) from error


def work_of(move: Move) -> Work:
    """What the actions of a move work with. Raises InputError."""
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


def make_place(move: Move) -> None:
    """Make the project directory, with the private place of the move in it. Raises HostError."""
    project, owner = Path(move.project), create.file_owner(work_of(move).settings)
    try:
        make_directory(project, 0o755, owner)
        make_directory(project / KEPT, 0o700, owner)
        make_directory(project / OWN, 0o700, None)
    except OSError as error:
        raise refused(project, error) from error


def journal_of(project: Path) -> Journal:
    """The journal of a project, which may not be there yet."""
    return Journal(Lines(project / JOURNAL), lambda: datetime.now(UTC))


def use_engine(move: Move) -> None:
    """Speak to the engine of the plan: sudo may have dropped the variable that names it."""
    if move.docker_host is not None:
        client.use(move.docker_host)

"""The steps around the gap: the new Moonfire waits, the old one stops, the new one records."""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nvrstack.errors import HostError
from nvrstack.host.docker import containers
from nvrstack.host.moonfire.database_lock import copy_database, is_locked
from nvrstack.migration.docker.container import is_running
from nvrstack.migration.execution.journal import Journal
from nvrstack.migration.execution.machine import StandstillError
from nvrstack.migration.execution.old_moonfire import (
    GRACE_SECONDS,
    OldMoonfire,
    definition,
    is_waiting,
    start_again,
)
from nvrstack.migration.execution.proof import moonfire_problem
from nvrstack.migration.execution.upgrading import take_back, upgrade
from nvrstack.migration.execution.work import MOONFIRE, Work

START_SECONDS = 300
"""What upstream's own unit grants a start: many recordings take minutes to look through."""
COPY = "database"
"""The copy of the database, among what was found of the old system."""
CRASHES = 3
"""So many ends after it had the database, and the new Moonfire will not come up."""


@dataclass(frozen=True)
class Standby:
    """Starts the new Moonfire beside the old one.

    It ends at once, for the database is taken, and the engine starts it again and again. So from
    here on either of the two comes back by itself, whatever happens to this program.
    """

    work: Work

    def done(self) -> bool:
        """Never certain: Compose itself looks what is missing."""
        return False

    def do(self) -> str | None:
        """Start it."""
        self.work.compose("up", "--detach", "--no-deps", MOONFIRE)
        return None

    def undo(self) -> str | None:
        """Remove it."""
        stop_new(self.work)
        return None


@dataclass(frozen=True)
class Takeover:
    """Stops the old Moonfire and lets the new one have the database."""

    work: Work
    old: OldMoonfire
    journal: Journal

    def done(self) -> bool:
        """Never certain before the new one answers, which `do` waits for."""
        return False

    def do(self) -> str | None:
        """Stop the old one, copy the database, wake the new one."""
        directory = Path(self.work.move.database)
        upgrades = self.work.move.upgrades_schema
        answered = None if moonfire_problem(self.work) else self._started()
        (self.old.linger if upgrades else self.old.hold)()
        now = datetime.now(UTC)
        stopped = now if self.old.runs() else self.journal.since("takeover") or now
        if self.old.runs():
            self.old.stop()
        if self.old.runs():
            raise HostError("the old Moonfire does not stop", "its log tells why")
        if upgrades:
            upgrade(self.work)
            self.old.hold()
        else:
            copy_database(directory, self.work.found / COPY)
        if not is_locked(directory):
            containers.restart(self._new()["Id"])
        self._wait()
        seconds = ((answered or datetime.now(UTC)) - stopped).total_seconds()
        return f"Without recording for {max(seconds, 0):.1f} seconds at most."

    def undo(self) -> str | None:
        """Let the engine try the old one until it has the database, and stop the new one.

        Raises StandstillError when the old one does not start; the new one records again then.
        """
        try:
            note = self._give_back()
        except (HostError, OSError) as error:
            raise self._standstill(error) from error
        self.old.release()
        return note

    def _give_back(self) -> str | None:
        try:
            return take_back(self.work, self.old) if self.work.move.upgrades_schema else None
        finally:
            # Before the new one stops, which may take a minute: whatever ends this program
            # meanwhile, either of the two comes back, even an old one without a restart policy.
            self.old.linger()
            with contextlib.suppress(HostError):
                self.old.start()
            stop_new(self.work)
            start_again(self.old, Path(self.work.move.database))

    def _standstill(self, error: HostError | OSError) -> StandstillError:
        reason = str(error)
        try:
            Standby(self.work).do()
            self.do()
        except (HostError, OSError) as again:
            # Whichever of the two is mended first comes back.
            with contextlib.suppress(HostError):
                self.old.linger()
                self.old.start()
            return StandstillError(f"{reason}; nor does the new one: {again}", goes_on=False)
        return StandstillError(f"{reason}; the new one records again", goes_on=True)

    def _wait(self) -> None:
        before = self._new()["RestartCount"]
        deadline = time.monotonic() + START_SECONDS
        while problem := moonfire_problem(self.work):
            now = self._new()
            if now["RestartCount"] - before >= CRASHES or not _alive(now):
                told = containers.last_words(now["Id"])
                raise HostError(f"the new Moonfire does not start: {told}")
            if time.monotonic() > deadline:
                raise HostError(problem, f"docker compose logs {MOONFIRE} tells more")
            time.sleep(0.1)

    def _started(self) -> datetime:
        return datetime.fromisoformat(self._new()["State"]["StartedAt"])

    def _new(self) -> dict[str, Any]:
        found = containers.service_container(self.work.settings.project.name, MOONFIRE)
        if found is None:
            raise HostError("the new Moonfire's container is gone")
        return found


@dataclass(frozen=True)
class Rename:
    """Gives the old container another name, so that nobody starts it by habit."""

    work: Work

    def done(self) -> bool:
        """Whether it has the name, or is gone and needs none."""
        return self._name() in (self.work.move.kept_name, None)

    def do(self) -> str | None:
        """Rename it."""
        containers.rename(definition(self.work.found)["Id"], self.work.move.kept_name)
        return None

    def undo(self) -> str | None:
        """Give it its own name again."""
        name = self.work.move.install.container_name
        if self._name() not in (name, None):
            containers.rename(definition(self.work.found)["Id"], name)
        return None

    def _name(self) -> str | None:
        found = containers.inspect(definition(self.work.found)["Id"])
        return None if found is None else str(found["Name"]).removeprefix("/")


def stop_new(work: Work) -> None:
    """Stop and remove the project's Moonfire, if there is one. Raises HostError."""
    found = containers.service_container(work.settings.project.name, MOONFIRE)
    if found is not None:
        containers.stop(found["Id"], GRACE_SECONDS)
        containers.remove(found["Id"])


def _alive(found: Mapping[str, Any]) -> bool:
    return is_running(found) or is_waiting(found)

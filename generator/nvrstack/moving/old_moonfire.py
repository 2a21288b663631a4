"""The old Moonfire, a container or a unit: held back, stopped, and started again as it was."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nvrstack.errors import HostError
from nvrstack.host import containers, systemd
from nvrstack.host.systemd import UnitState
from nvrstack.migration.container import is_running
from nvrstack.moving.units import read_states
from nvrstack.moving.work import Work

GRACE_SECONDS = 90
"""Moonfire says good-bye to every camera before it ends; some take a minute to answer."""
START_SECONDS = 60
DEFINITION = "container.json"


class OldMoonfire(Protocol):
    """What a move needs of the old system. Everything raises HostError."""

    def ran(self) -> bool:
        """Whether it ran before the move."""

    def runs(self) -> bool:
        """Whether it runs now."""

    def hold(self) -> None:
        """Keep it from being started by anything but a person."""

    def linger(self) -> None:
        """Let it be started at the next boot, even once it is stopped."""

    def stop(self) -> None:
        """Stop it, with time to do it in good order."""

    def release(self) -> None:
        """Let it be started by itself again, as it was before."""

    def start(self) -> None:
        """Start it, if it ran before the move; it may have to wait for the database."""


def old_moonfire(work: Work) -> OldMoonfire:
    """The old system of a move."""
    if work.move.unit is None:
        return OldContainer(work)
    return OldUnit(work, work.move.unit)


@dataclass(frozen=True)
class OldContainer:
    """A container. It is found by its id, for its name changes."""

    work: Work

    def ran(self) -> bool:
        """Whether it ran before the move."""
        return is_running(self._before)

    def runs(self) -> bool:
        """Whether it runs now."""
        found = containers.inspect(self._id)
        return found is not None and is_running(found) and not is_waiting(found)

    def hold(self) -> None:
        """Take its restart policy away."""
        containers.set_restart_policy(self._id, {"Name": "no", "MaximumRetryCount": 0})

    def linger(self) -> None:
        """Give it the policy under which the engine forgets that it was stopped."""
        containers.set_restart_policy(self._id, containers.ALWAYS)

    def stop(self) -> None:
        """Stop it."""
        containers.stop(self._id, GRACE_SECONDS)

    def release(self) -> None:
        """Give it its restart policy again."""
        containers.set_restart_policy(self._id, self._before["HostConfig"]["RestartPolicy"])

    def start(self) -> None:
        """Start it, if it ran."""
        found = containers.inspect(self._id) if self.ran() else None
        if found is not None and is_waiting(found):
            containers.restart(self._id)
        elif found is not None:
            containers.start(self._id)

    @property
    def _before(self) -> dict[str, Any]:
        return definition(self.work.found)

    @property
    def _id(self) -> str:
        return str(self._before["Id"])


@dataclass(frozen=True)
class OldUnit:
    """A systemd unit."""

    work: Work
    unit: str

    def ran(self) -> bool:
        """Whether it ran before the move."""
        return self._before.active

    def runs(self) -> bool:
        """Whether it runs now."""
        found = systemd.state(self.unit)
        return found is not None and found.active

    def hold(self) -> None:
        """Disable it."""
        systemd.disable(self.unit)

    def linger(self) -> None:
        """Nothing: a unit that is enabled comes back."""

    def stop(self) -> None:
        """Stop it."""
        systemd.stop(self.unit)

    def release(self) -> None:
        """Enable it again, if it was."""
        if self._before.enabled:
            systemd.enable(self.unit)

    def start(self) -> None:
        """Start it, if it ran."""
        if self.ran():
            # It may have found its database taken too often.
            systemd.reset_failed(self.unit)
            systemd.start(self.unit)

    @property
    def _before(self) -> UnitState:
        return read_states(self.work.found)[self.unit]


def is_waiting(found: Mapping[str, Any]) -> bool:
    """Whether a container has ended and the engine is about to start it again."""
    return bool(found["State"].get("Restarting"))


def definition(found_in: Path) -> dict[str, Any]:
    """The old container as the engine described it before the move. Raises HostError."""
    try:
        found: dict[str, Any] = json.loads((found_in / DEFINITION).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HostError(
            f"{found_in / DEFINITION}: cannot be read: {error}",
            "start the old container by hand: docker start NAME",
        ) from error
    return found


def start_again(old: OldMoonfire) -> None:
    """Start the old system and see that it stays up. Raises HostError when it does not."""
    deadline = time.monotonic() + START_SECONDS
    reason = "it ends at once"
    while time.monotonic() < deadline:
        try:
            old.start()
        except HostError as error:
            reason = error.message
        # One that finds its database still taken ends at once.
        time.sleep(1)
        if old.runs() or not old.ran():
            return
    raise HostError(
        f"the old Moonfire does not start again: {reason}",
        "its log tells why; then: nvrstack migrate --rollback",
    )

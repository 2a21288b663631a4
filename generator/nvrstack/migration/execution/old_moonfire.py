"""The old Moonfire, a container or a unit: held back, stopped, and started again as it was."""

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nvrstack.errors import HostError
from nvrstack.host.docker import containers
from nvrstack.host.docker.client import PROJECT
from nvrstack.host.file_copies import is_there
from nvrstack.host.moonfire.database_lock import is_locked
from nvrstack.host.systemd import restart_drop_in
from nvrstack.host.systemd import units as systemd
from nvrstack.host.systemd.units import UnitState
from nvrstack.migration.docker.container import is_running
from nvrstack.migration.execution.units import (
    STATES,
    disable_now,
    enable_again,
    read_links,
    read_states,
    start_now,
    stop_now,
)
from nvrstack.migration.execution.work import Work

GRACE_SECONDS = 90
"""Moonfire says good-bye to every camera before it ends; some take a minute to answer."""
START_SECONDS = 15
"""Moonfire takes its database as the first thing that it does."""
DEFINITION = "container.json"
NETWORK_LABEL = "com.docker.compose.network"


class OldMoonfire(Protocol):
    """What a move needs of the old system. Everything raises HostError."""

    def ran(self) -> bool:
        """Whether it ran before the move."""

    def runs(self) -> bool:
        """Whether it runs now."""

    def hold(self) -> None:
        """Keep it from being started by anything but a person."""

    def linger(self) -> None:
        """Let it be started again and again, at the next boot too, until it is held or released."""

    def stop(self) -> None:
        """Stop it, with time to do it in good order."""

    def release(self) -> None:
        """Let it be started by itself as it was before, no more and no less."""

    def start(self) -> None:
        """Start it, if it ran before the move; it may have to wait for the database."""

    def missing(self) -> list[str]:
        """What has gone since that it needs to be started, in words."""


def old_moonfire(work: Work) -> OldMoonfire:
    """The old system of a move."""
    if work.move.unit is None:
        return OldContainer(work)
    return OldUnit(work, work.move.unit)


@dataclass(frozen=True)
class OldContainer:
    """A container. It is found by its id, for its name changes.

    One that is gone is not held, nor stopped: a move goes on without it.
    """

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
        self._set_policy({"Name": "no", "MaximumRetryCount": 0})

    def linger(self) -> None:
        """Give it the policy under which the engine forgets that it was stopped, if it ran."""
        if self.ran():
            self._set_policy(containers.ALWAYS)

    def stop(self) -> None:
        """Stop it."""
        containers.stop(self._id, GRACE_SECONDS)

    def release(self) -> None:
        """Give it its restart policy again."""
        policy = self._before["HostConfig"]["RestartPolicy"]
        # The engine takes a policy without a name for no change at all.
        self._set_policy({**policy, "Name": policy.get("Name") or "no"})

    def start(self) -> None:
        """Start it, if it ran."""
        found = containers.inspect(self._id) if self.ran() else None
        if found is not None and is_waiting(found):
            containers.restart(self._id)
        elif found is not None:
            containers.start(self._id)

    def missing(self) -> list[str]:
        """The container itself, or a network or a bind mount's source of its own."""
        found = containers.inspect(self._id)
        if found is None:
            return [f"the old container {self.work.move.kept_name} is gone"]
        gone = containers.missing_networks(found)
        return [
            *(_network_gone(name, found) for name in gone),
            *(f"{source}, which the old container mounts, is gone" for source in _gone(found)),
        ]

    def _set_policy(self, policy: Mapping[str, Any]) -> None:
        if containers.inspect(self._id) is not None:
            containers.set_restart_policy(self._id, policy)

    @property
    def _before(self) -> dict[str, Any]:
        return definition(self.work.found)

    @property
    def _id(self) -> str:
        return str(self._before["Id"])


@dataclass(frozen=True)
class OldUnit:
    """A systemd unit, with the sockets and the like that trigger it.

    One that listens starts the unit once more; and the unit may not start without it.
    """

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
        """Disable it, if it is started at boot, and stop and disable what triggers it."""
        restart_drop_in.restart_as_told(self.unit)
        for trigger in self._triggers:
            disable_now(trigger)
            stop_now(trigger)
        disable_now(self.unit)

    def linger(self) -> None:
        """Enable it again, if it was, and let systemd start it again whenever it ends by itself.

        It ends at once for as long as the new one has the database. Its own Restart= may be none,
        or give up after a few starts.
        """
        self._enable_again()
        if self.ran():
            restart_drop_in.restart_always(self.unit)

    def stop(self) -> None:
        """Stop it, and what would start it once more."""
        for trigger in self._triggers:
            stop_now(trigger)
        systemd.stop(self.unit)

    def release(self) -> None:
        """Enable it again, if it was, and let it restart only as it says itself."""
        self._enable_again()
        restart_drop_in.restart_as_told(self.unit)

    def start(self) -> None:
        """Start it, if it ran, after what triggers it: systemd passes it the sockets then."""
        known = read_states(self.work.found)
        for trigger in self._triggers:
            if trigger in known:
                start_now(trigger, known[trigger])
        if self.ran():
            # It may have found its database taken too often. systemd refuses this for a unit that
            # it has no need to keep in memory, which has then no failures to forget either.
            with contextlib.suppress(HostError):
                systemd.reset_failed(self.unit)
            systemd.start(self.unit)

    def missing(self) -> list[str]:
        """The unit itself, or the file that a link of its own led to."""
        if not systemd.runs():
            return [f"systemd is not the first process here, so {self.unit} cannot be started"]
        # Disabling takes away a link that is the unit's own; the way back makes it again.
        links = read_links(self.work.found).get(self.unit, {})
        own = [Path(path).parent / to for path, to in links.items() if Path(path).name == self.unit]
        if systemd.state(self.unit) or any(file.exists() for file in own):
            return []
        return [
            f"systemd does not know {self.unit} any more",
            *(f"{file}, which was its unit file, is gone" for file in own[:1]),
        ]

    def _enable_again(self) -> None:
        known = read_states(self.work.found)
        for trigger in self._triggers:
            if trigger in known:
                enable_again(trigger, known[trigger], self.work.found)
        enable_again(self.unit, self._before, self.work.found)

    @property
    def _triggers(self) -> tuple[str, ...]:
        return tuple(self.work.move.triggers.get(self.unit, ()))

    @property
    def _before(self) -> UnitState:
        known = read_states(self.work.found)
        if self.unit not in known:
            raise HostError(
                f"{self.work.found / STATES}: it does not say how {self.unit} was before",
                f"start it by hand: systemctl enable --now {self.unit}",
            )
        return known[self.unit]


def _network_gone(network: str, found: Mapping[str, Any]) -> str:
    container = str(found["Name"]).removeprefix("/")
    project = (found["Config"].get("Labels") or {}).get(PROJECT)
    own, labels = network.removeprefix(f"{project}_"), ""
    if own != network:
        # Without these, Compose does not take the network for its own.
        labels = f"--label {PROJECT}={project} --label {NETWORK_LABEL}={own} "
    # A network made again is another one to a container that knew the first by its id.
    return (
        f"the old container's network {network} is gone; make it again:\n"
        f"    docker network create {labels}{network}\n"
        f"    docker network disconnect --force {network} {container}\n"
        f"    docker network connect {network} {container}"
    )


def _gone(found: Mapping[str, Any]) -> list[str]:
    """The sources of a container's bind mounts that are not there any more."""
    binds = [mount["Source"] for mount in found["Mounts"] if mount["Type"] == "bind"]
    return [source for source in binds if not is_there(Path(source))]


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


def start_again(old: OldMoonfire, database: Path) -> None:
    """Start the old system and see that it has the database. Raises HostError if it does not."""
    deadline = time.monotonic() + START_SECONDS
    reason = "it ends at once"
    while time.monotonic() < deadline:
        try:
            old.start()
        except HostError as error:
            reason = error.message
        # One that finds its database still taken ends at once.
        time.sleep(1)
        if not old.ran() or (old.runs() and is_locked(database)):
            return
    raise HostError(f"the old Moonfire does not start again: {reason}", "its log tells why")

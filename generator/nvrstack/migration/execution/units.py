"""The host's units that a move stops and disables, and starts again as they were."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from nvrstack.errors import HostError
from nvrstack.host.file_copies import put_back, take_away
from nvrstack.host.systemd import unit_links
from nvrstack.host.systemd import units as systemd
from nvrstack.host.systemd.units import UnitState
from nvrstack.migration.execution.work import Work

STATES = "units.json"
LINKS = "unit-links.json"
NO_SYSTEMD = "systemd is not the first process here, so {units} is left alone: see to it yourself"


def read_states(found_in: Path) -> Mapping[str, UnitState]:
    """How the units stood before the move, by their names; those that were there.

    Raises HostError.
    """
    place = found_in / STATES
    if not place.exists():
        return {}
    try:
        return TypeAdapter(dict[str, UnitState]).validate_json(place.read_bytes())
    except (OSError, ValidationError) as error:
        raise HostError(
            f"{place}: cannot be read, so it is unknown which units ran before the move",
            "start them by hand: systemctl enable --now UNIT",
        ) from error


def states_text(states: Mapping[str, UnitState]) -> str:
    """The states as they are kept."""
    return json.dumps({unit: asdict(state) for unit, state in states.items()}, indent=1)


def read_links(found_in: Path) -> Mapping[str, Mapping[str, str]]:
    """The links to each unit before the move, with what stood in them. Raises HostError."""
    place = found_in / LINKS
    if not place.exists():
        return {}
    try:
        return TypeAdapter(dict[str, dict[str, str]]).validate_json(place.read_bytes())
    except (OSError, ValidationError) as error:
        raise HostError(
            f"{place}: cannot be read, so it is unknown which links led to the units",
            "enable them by hand: systemctl enable /PATH/OF/UNIT",
        ) from error


@dataclass(frozen=True)
class Units:
    """Stops and disables units, and takes files away that would start the same by other means."""

    work: Work
    units: tuple[str, ...]
    files: tuple[Path, ...] = ()

    def done(self) -> bool:
        """Whether none is left that could start."""
        return not any(file.exists() for file in self.files) and not any(self._at_work())

    def do(self) -> str | None:
        """Stop them, the ones that there are."""
        for file in self.files:
            take_away(file, self.work.kept)
        if self.units and not systemd.runs():
            return NO_SYSTEMD.format(units=", ".join(self.units))
        for unit in self.units:
            disable_now(unit)
            stop_now(unit)
        return None

    def undo(self) -> str | None:
        """Let each be as it was."""
        for file in self.files:
            put_back(file, self.work.kept)
        if systemd.runs():
            before = read_states(self.work.found)
            for unit in self.units:
                if unit in before:
                    enable_again(unit, before[unit], self.work.found)
                    start_now(unit, before[unit])
        return None

    def _at_work(self) -> list[str]:
        found = {unit: systemd.state(unit) for unit in self.units} if systemd.runs() else {}
        return [unit for unit, state in found.items() if state and (state.enabled or state.active)]


@dataclass(frozen=True)
class NginxFiles:
    """Takes site files out of an nginx that goes on without them."""

    work: Work
    unit: str
    files: tuple[Path, ...]

    def done(self) -> bool:
        """Never certain: the reload may be missing."""
        return False

    def do(self) -> str | None:
        """Take the files away, and let nginx read the rest."""
        for file in self.files:
            take_away(file, self.work.kept)
        return self._reload()

    def undo(self) -> str | None:
        """Put them back."""
        for file in self.files:
            put_back(file, self.work.kept)
        return self._reload()

    def _reload(self) -> str | None:
        if not systemd.runs():
            return NO_SYSTEMD.format(units=self.unit)
        systemd.reload(self.unit)
        return None


def enable_again(unit: str, before: UnitState, found_in: Path) -> None:
    """Let a unit be enabled as before, with the links that it had. Raises HostError."""
    links = read_links(found_in).get(unit)
    if links:
        unit_links.restore_links(links)
        systemd.reload_manager()
    now = systemd.state(unit)
    if before.enabled and not (now and now.enabled):
        systemd.enable(unit)


def start_now(unit: str, before: UnitState) -> None:
    """Let a unit run, if it did before. Raises HostError."""
    now = systemd.state(unit)
    if before.active and not (now and now.active):
        systemd.start(unit)


def disable_now(unit: str) -> None:
    """Disable a unit that is enabled. Raises HostError."""
    now = systemd.state(unit)
    if now and now.enabled:
        systemd.disable(unit)


def stop_now(unit: str) -> None:
    """Stop a unit that runs. Raises HostError."""
    now = systemd.state(unit)
    if now and now.active:
        systemd.stop(unit)

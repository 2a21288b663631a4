"""Whether there is a way back: what the old system needs must be there before the new one stops."""

from collections.abc import Sequence
from pathlib import Path

from nvrstack.host.moonfire.database_copy import NAME
from nvrstack.host.moonfire.database_upgrade import schema_at_rest
from nvrstack.migration.execution.journal import Journal, State
from nvrstack.migration.execution.old_moonfire import old_moonfire
from nvrstack.migration.execution.taking_over import COPY, Standby, Takeover
from nvrstack.migration.execution.work import Work

FIRST_STEP = "standby"
"""From this step on, the new Moonfire may be the one that records."""


def obstacles(work: Work, state: State) -> list[str]:
    """Why the old system could not be started again, in words. Nothing is changed by looking.

    Raises HostError.
    """
    if FIRST_STEP not in state.begun:
        return []
    return [*old_moonfire(work).missing(), *_newer_database(work)]


def stay(work: Work, journal: Journal, reasons: Sequence[str]) -> None:
    """Let the new Moonfire record again where a way back was begun that has no end.

    Raises NvrstackError.
    """
    begun = journal.state().begun
    journal.write("forward-again", note="; ".join(reasons))
    Standby(work).do()
    if "takeover" in begun:
        Takeover(work, old_moonfire(work), journal).do()


def _newer_database(work: Work) -> list[str]:
    """The database, if it was upgraded after the move, by a Moonfire that came later."""
    copy = work.found / COPY
    if work.move.upgrades_schema or not (copy / NAME).exists():
        return []
    before, now = schema_at_rest(copy), schema_at_rest(Path(work.move.database))
    if before is None or now is None or now <= before:
        return []
    old = " ".join(filter(None, ("the old Moonfire", work.move.install.version)))
    upgraded = f"the database was upgraded from schema {before} to {now} after the move"
    return [f"{upgraded}, and {old} cannot open it"]

"""A database that only an older Moonfire opens: upgraded on the way, and put back on the way back.

While it is being upgraded nobody records. Until it is certain which of the two Moonfires it suits,
the engine may start both after a power cut: the one that it does not suit ends at once, each time.
"""

import time
from pathlib import Path

from nvrstack.errors import HostError
from nvrstack.host.docker import containers
from nvrstack.host.moonfire import database_upgrade
from nvrstack.migration.execution.old_moonfire import GRACE_SECONDS, OldMoonfire
from nvrstack.migration.execution.work import MOONFIRE, Work
from nvrstack.migration.moonfire.versions import SCHEMA

PATIENCE_SECONDS = 60
IN_THE_WAY = ("Address already in use", "exclusive lock")
"""What is said while the new Moonfire has its address or the database, for a moment each time."""
KEPT = "before-upgrade"
LOST = "What was recorded since the database was upgraded is lost: the old Moonfire cannot read it."


def upgrade(work: Work) -> None:
    """Keep the database as it is, then upgrade it, where that was not done. Raises HostError.

    The old Moonfire has stopped.
    """
    directory, store = Path(work.move.database), work.found / KEPT
    database_upgrade.return_newer(directory, _sample_dirs(work), store)
    if database_upgrade.schema(directory) == SCHEMA:
        return
    database_upgrade.keep(directory, _sample_dirs(work), store)
    words = ("run", "--rm", "--no-deps", "-T", "--name", _name(work), MOONFIRE, "upgrade")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        containers.remove(_name(work))
        try:
            # Moonfire's own pages have the right size since 0.6.1, so there is no need for that.
            work.compose(*words, "--no-vacuum")
            return
        except HostError as error:
            if database_upgrade.schema(directory) == SCHEMA:
                return
            in_the_way = any(words in error.message for words in IN_THE_WAY)
            if not in_the_way or time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def take_back(work: Work, old: OldMoonfire) -> str | None:
    """Stop both Moonfires, and put the database back if it was upgraded. Raises HostError."""
    old.linger()
    containers.remove(_name(work))
    new = containers.service_container(work.settings.project.name, MOONFIRE)
    if new is not None:
        containers.set_restart_policy(new["Id"], containers.ALWAYS)
        containers.stop(new["Id"], GRACE_SECONDS)
    # It may have come back after a power cut, and only who has the database alone can look at it.
    if old.runs():
        old.stop()
    directory, store = Path(work.move.database), work.found / KEPT
    return LOST if database_upgrade.put_back(directory, _sample_dirs(work), store) else None


def _sample_dirs(work: Work) -> list[Path]:
    return list(map(Path, work.move.sample_dirs))


def _name(work: Work) -> str:
    return f"{work.settings.project.name}-upgrade"

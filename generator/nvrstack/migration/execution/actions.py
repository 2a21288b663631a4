"""Which action carries out which step."""

from pathlib import Path

from nvrstack.migration.execution.account import FirstAccount
from nvrstack.migration.execution.certificates import Certificates
from nvrstack.migration.execution.command import Command
from nvrstack.migration.execution.journal import Journal
from nvrstack.migration.execution.machine import Action
from nvrstack.migration.execution.old_moonfire import old_moonfire
from nvrstack.migration.execution.preparing import Backup, Preflight, Project
from nvrstack.migration.execution.starting import Front, Images, Rehearsal
from nvrstack.migration.execution.taking_over import Rename, Standby, Takeover
from nvrstack.migration.execution.units import NginxFiles, Units
from nvrstack.migration.execution.verifying import Verify
from nvrstack.migration.execution.work import Work
from nvrstack.migration.plan.steps import Step, steps


def actions(work: Work, journal: Journal) -> tuple[tuple[Step, Action], ...]:
    """The steps of a move in their order, each with what carries it out."""
    known = _known(work, journal)
    return tuple((step, known[step.id]) for step in steps(work.move))


def _known(work: Work, journal: Journal) -> dict[str, Action]:
    move = work.move
    found: dict[str, Action] = {
        "preflight": Preflight(work),
        "backup": Backup(work),
        "project": Project(work),
        "renewals": Units(
            work,
            move.with_triggers(*move.renewal_units),
            tuple(map(Path, move.renewal_files)),
        ),
        "certificates": Certificates(work),
        "images": Images(work),
        "rehearse": Rehearsal(work),
        "ddclient": Units(work, move.with_triggers(*move.ddclient_units)),
        "front": Front(work),
        "standby": Standby(work),
        "takeover": Takeover(work, old_moonfire(work), journal),
        "rename": Rename(work),
        "verify": Verify(work),
    }
    if move.nginx:
        files, unit = tuple(map(Path, move.nginx.site_files)), move.nginx.unit
        whole = Units(work, move.with_triggers(unit))
        found["nginx"] = NginxFiles(work, unit, files) if files else whole
    if move.first_user:
        found["account"] = FirstAccount(work, move.first_user)
    if move.script:
        found["command"] = Command(work, Path(move.script).resolve())
    return found

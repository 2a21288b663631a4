"""What must not be said of mounts where one of them could not be read, or is no file."""

from collections.abc import Iterable, Sequence

from nvrstack.migration.docker.rules import REFUSED_MOUNT, RELATIVE, VALUE_UNKNOWN
from nvrstack.migration.findings import Finding
from nvrstack.migration.gathering.rules import DATABASE_UNREAD
from nvrstack.migration.moonfire.rules import (
    CONFIG_ABSENT,
    CONFIG_IS_DIRECTORY,
    SAMPLE_DIR_NOT_MOUNTED,
)
from nvrstack.migration.plan.rules import STATE_NOT_MOUNTED

OF_ABSENCE = frozenset(
    rule.code
    for rule in (STATE_NOT_MOUNTED, SAMPLE_DIR_NOT_MOUNTED, CONFIG_ABSENT, DATABASE_UNREAD)
)
"""Codes of what follows from a mount's not being there."""
OF_A_MOUNT = ("--volume ", "--mount ", "options ")


def without_guesses(told: Iterable[Finding], read: Sequence[Finding]) -> list[Finding]:
    """What is `told` of an install, as far as it holds whatever the mount that was not read is.

    `read` are the blockers of the reader: one about a mount keeps the plan from being carried out.
    """
    found = list(told)
    hidden = OF_ABSENCE if any(_is_mount(finding) for finding in read) else frozenset()
    if any(finding.code == CONFIG_IS_DIRECTORY.code for finding in found):
        hidden |= {CONFIG_ABSENT.code}
    return [finding for finding in found if finding.code not in hidden]


def _is_mount(finding: Finding) -> bool:
    if finding.code == VALUE_UNKNOWN.code:
        return finding.message.startswith(OF_A_MOUNT)
    return finding.code in {REFUSED_MOUNT.code, RELATIVE.code}

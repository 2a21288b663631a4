"""Whom a project's files belong to, and who may enter its directories, as values."""

from collections.abc import Mapping
from dataclasses import dataclass

from nvrstack.rendering.layout import directories
from nvrstack.settings.model import Settings
from nvrstack.stacks import Stack

Ids = tuple[int, int]
"""A numeric uid and gid."""
WHOLE = "."
"""The project directory itself, as a path within it."""


@dataclass(frozen=True)
class Owners:
    """The ids of whom the project belongs to, and of Moonfire within it; None on the way there."""

    project: Ids | None
    moonfire: Ids | None

    def until(self, after: "Owners") -> "Owners":
        """What holds while the project is given to the owners `after`."""
        return Owners(
            self.project if self.project == after.project else None,
            self.moonfire if self.moonfire == after.moonfire else None,
        )


@dataclass(frozen=True)
class Narrowing:
    """A directory that lets others in than it should: its permission bits now and then."""

    path: str
    before: int
    after: int
    kind: str = "mode"

    def __str__(self) -> str:
        return f"{self.path}: mode {self.before:04o} becomes {self.after:04o}"


@dataclass(frozen=True)
class Handover:
    """A directory that gets another owner, with everything in it but `without`."""

    path: str
    owner: Ids
    without: tuple[str, ...] = ()
    kind: str = "owner"

    def __str__(self) -> str:
        what = "the project" if self.path == WHOLE else self.path
        uid, gid = self.owner
        return f"{what}: given to {uid}:{gid}, with everything in it"


def owners(settings: Settings) -> Owners:
    """Whom the settings give the project to."""
    project, moonfire = settings.project, settings.moonfire
    return Owners((project.uid, project.gid), (moonfire.uid, moonfire.gid))


def narrowings(
    settings: Settings, stack: Stack, present: Mapping[str, int]
) -> tuple[Narrowing, ...]:
    """The private directories of the project that others may enter.

    `present` has the permission bits of those that are there. Moonfire's are left to its owner,
    who may want to show recordings to other programs.
    """
    return tuple(
        Narrowing(wanted.path, present[wanted.path], wanted.mode)
        for wanted in directories(settings, stack)
        if wanted.owner == "project" and present.get(wanted.path, 0) & ~wanted.mode
    )


def handovers(before: Owners | None, settings: Settings, stack: Stack) -> tuple[Handover, ...]:
    """What has to change hands because the ids in the settings changed.

    `before` says to whom everything was given last, if that is known. What lies outside of the
    project, and recordings that are mounted by a path of their own, are never given to anybody.
    """
    if before is None:
        return ()
    found = []
    project, moonfire = settings.project, settings.moonfire
    if before.project != (project.uid, project.gid):
        moonfires = (d.path for d in directories(settings, stack) if d.owner == "moonfire")
        found.append(Handover(WHOLE, (project.uid, project.gid), tuple(moonfires)))
    if before.moonfire != (moonfire.uid, moonfire.gid) and not moonfire.state_dir.is_absolute():
        found.append(Handover(str(moonfire.state_dir), (moonfire.uid, moonfire.gid)))
    return tuple(found)

"""What a render changes in a project: decided first, and carried out once a person agrees."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from nvrstack.errors import ExitCode, NvrstackError
from nvrstack.host.apply import apply
from nvrstack.host.merge import merge
from nvrstack.projects import rights
from nvrstack.projects.create import check_host, file_owner, prepare_directories
from nvrstack.projects.own_templates import outdated
from nvrstack.projects.project import (
    LoadedProject,
    certificate_changes,
    exposed_secrets,
    present_files,
    read_manifest_of,
    read_material,
    settings_change,
)
from nvrstack.rendering.changes import Change, Kind, changes, kept, of_kind
from nvrstack.rendering.manifest import MANIFEST, Applied, Manifest, backup_path, manifest_file
from nvrstack.rendering.render import render
from nvrstack.rendering.rights import owners
from nvrstack.tree import SECRET, Tree


class ConflictError(NvrstackError):
    """Files were edited by hand where the render differs too. Nothing was changed."""

    code = ExitCode.CHECK_FAILED


@dataclass(frozen=True)
class Update:
    """All that a render would change in a project; `outdated` are copies of older templates."""

    project: LoadedProject
    rendered: Tree
    manifest: Manifest
    found: tuple[Change, ...]
    rights: tuple[rights.Right, ...]
    outdated: tuple[str, ...]

    @cached_property
    def conflicts(self) -> tuple[Change, ...]:
        """The changes that a person has to decide about."""
        return of_kind(self.found, Kind.CONFLICT)

    @cached_property
    def pending(self) -> tuple[Change, ...]:
        """The changes of files that would be made."""
        return of_kind(self.found, Kind.ADD, Kind.UPDATE, Kind.MODE, Kind.REMOVE, Kind.MERGE)

    @property
    def changing(self) -> tuple[str, ...]:
        """The paths of whatever would change."""
        return tuple(change.path for change in (*self.pending, *self.rights))

    @property
    def is_stale(self) -> bool:
        """Whether the manifest tells of another render."""
        applied = self.manifest.files
        return any(
            path not in applied or applied[path].sha256 != file.sha256
            for path, file in self.rendered.items()
        )


def decide(project: LoadedProject, *, mine: bool, theirs: bool) -> Update:
    """What a render changes in a locked project. In a conflict, `mine` or `theirs` is taken."""
    directory = project.directory
    material = read_material(directory, project.settings, {})
    rendered = render(project.settings, project.stack, material)
    manifest = read_manifest_of(directory)
    applied = manifest.files
    present = present_files(directory, {*applied, *rendered})
    found = [*settings_change(directory), *certificate_changes(project, datetime.now(UTC))]
    found += [
        _settled(change, applied, mine=mine, theirs=theirs)
        for change in changes(applied, present, rendered)
    ]
    written = {change.path for change in found}
    found += [change for change in exposed_secrets(directory) if change.path not in written]
    return Update(
        project,
        rendered,
        manifest,
        tuple(found),
        rights.needed(project, manifest.owners),
        outdated(directory, material.templates),
    )


def check_possible(update: Update) -> None:
    """Raise ConflictError where a person has to decide first, HostError where only root can."""
    if update.conflicts:
        raise ConflictError(
            "edited by hand, and changed by the settings in the same place: "
            f"{', '.join(change.path for change in update.conflicts)}; nothing was changed",
            "run it again with --mine to keep your files, or --theirs for the rendered ones",
        )
    rights.check_permitted(update.project, update.rights)


def carry_out(update: Update) -> None:
    """Make the changes, and keep what they replace."""
    project, pending, given = update.project, update.pending, update.manifest.owners
    directory, settings, now = project.directory, project.settings, datetime.now(UTC)
    owner = file_owner(settings)
    check_host(directory, settings, project.stack)
    files = {change.path: change.after for change in pending if change.after is not None}
    # A mode alone is nothing to restore: the content is still there.
    replaced = [change for change in pending if change.kind is not Kind.MODE]
    files |= {backup_path(c.path, now): c.before for c in replaced if c.before is not None}
    after = owners(settings)
    files[MANIFEST] = manifest_file(update.rendered, given.until(after) if given else after)
    apply(directory, files, owner, remove=[c.path for c in pending if c.after is None])
    prepare_directories(directory, settings, project.stack)
    rights.carry_out(project, update.rights)
    if given not in {None, after}:
        # Last of all, so that a later render completes what is cut short.
        apply(directory, {MANIFEST: manifest_file(update.rendered, after)}, owner)


def _settled(change: Change, applied: Mapping[str, Applied], *, mine: bool, theirs: bool) -> Change:
    """A conflict as a merge if git can do it, else as the person chose; others as they are."""
    if change.kind is not Kind.CONFLICT or change.before is None or change.after is None:
        return change
    base = applied[change.path].text if change.path in applied else None
    if base is not None:
        merged = merge(change.before.content, base.encode(), change.after.content)
        if merged is not None:
            return replace(change, kind=Kind.MERGE, after=replace(change.after, content=merged))
    if theirs:
        return replace(change, kind=Kind.UPDATE)
    return kept(change, secret=change.after.mode == SECRET) if mine else change

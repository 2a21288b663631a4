"""What a new render would change in a project, as values: nothing is read or written here."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from nvrstack.rendering.manifest import Applied
from nvrstack.tree import SECRET, File, Tree

OTHERS = 0o077
"""The permission bits of everybody but a file's owner."""


class Kind(StrEnum):
    """What happens to one file."""

    ADD = "add"
    UPDATE = "update"
    MODE = "mode"
    """As it was rendered or edited, and only its permission bits are not as they have to be."""
    REMOVE = "remove"
    KEEP = "keep"
    """Edited by hand, and rendered as it was before: the edit stays."""
    MERGE = "merge"
    """Edited by hand, and rendered differently in other places: both are kept."""
    CONFLICT = "conflict"
    """Edited by hand, and rendered differently in the same place: a person has to decide."""


@dataclass(frozen=True)
class Change:
    """One file that is not as the new render has it."""

    path: str
    kind: Kind
    before: File | None
    after: File | None


def changes(applied: Mapping[str, Applied], present: Tree, rendered: Tree) -> tuple[Change, ...]:
    """Every difference between the project and the new render.

    `applied` has each file of the last render by its path; `present` is what is on the disk of the
    paths in `applied` and in `rendered`.
    """
    found = (_change(path, applied, present, rendered) for path in sorted({*applied, *rendered}))
    return tuple(change for change in found if change is not None)


def _change(
    path: str, applied: Mapping[str, Applied], present: Tree, rendered: Tree
) -> Change | None:
    before, after, base = present.get(path), rendered.get(path), applied.get(path)
    if before == after:
        return None
    if before is None:
        return Change(path, Kind.ADD, None, after)
    edited = base is None or before.sha256 != base.sha256
    if after is None:
        left = Change(path, Kind.KEEP if edited else Kind.REMOVE, before, None)
        return kept(left, secret=base is not None and base.is_secret) if edited else left
    if before.content == after.content:
        return Change(path, Kind.MODE, before, after)
    if not edited:
        return Change(path, Kind.UPDATE, before, after)
    conflict = Change(path, Kind.CONFLICT, before, after)
    unchanged = base is not None and after.sha256 == base.sha256
    return kept(conflict, secret=after.mode == SECRET) if unchanged else conflict


def kept(change: Change, *, secret: bool) -> Change:
    """The same, leaving the file as its owner edited it; but a `secret` one is closed to others."""
    if secret and change.before is not None and change.before.mode & OTHERS:
        return replace(change, kind=Kind.MODE, after=replace(change.before, mode=SECRET))
    return replace(change, kind=Kind.KEEP)


def exposed(present: Tree) -> tuple[Change, ...]:
    """What closes those of some secret files that others than their owner may read or write."""
    return tuple(
        Change(path, Kind.MODE, file, replace(file, mode=SECRET))
        for path, file in present.items()
        if file.mode & OTHERS
    )


def diff(change: Change, *, secret: bool = False) -> Iterator[str]:
    """The lines of a unified diff of one change. What a secret file holds is not shown.

    A file is `secret` if it was applied as one, even where its mode tells no more.
    """
    if change.kind is Kind.MODE and change.before and change.after:
        yield f"{change.path}: mode {change.before.mode:04o} becomes {change.after.mode:04o}"
        return
    if secret or SECRET in {f.mode for f in (change.before, change.after) if f is not None}:
        yield f"{change.path}: holds a secret, so its change is not shown"
        return
    if change.path.endswith((".pem", ".crt")):
        yield f"{change.path}: a certificate is made anew"
        return
    before, after = _lines(change.before), _lines(change.after)
    names = (f"a/{change.path}", f"b/{change.path}")
    yield from difflib.unified_diff(before, after, *names, lineterm="")


def of_kind(found: Iterable[Change], *kinds: Kind) -> tuple[Change, ...]:
    """The changes of the given kinds."""
    return tuple(change for change in found if change.kind in kinds)


def _lines(file: File | None) -> list[str]:
    return file.content.decode(errors="replace").splitlines() if file else []

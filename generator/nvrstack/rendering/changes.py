"""What a new render would change in a project, as values: nothing is read or written here."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from nvrstack.tree import SECRET, File, Tree


class Kind(StrEnum):
    """What happens to one file."""

    ADD = "add"
    UPDATE = "update"
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


def changes(applied: Mapping[str, str], present: Tree, rendered: Tree) -> tuple[Change, ...]:
    """Every difference between the project and the new render.

    `applied` maps each path of the last render to its SHA-256; `present` is what is on the disk
    of the paths in `applied` and in `rendered`.
    """
    found = (_change(path, applied, present, rendered) for path in sorted({*applied, *rendered}))
    return tuple(change for change in found if change is not None)


def _change(path: str, applied: Mapping[str, str], present: Tree, rendered: Tree) -> Change | None:
    before, after, base = present.get(path), rendered.get(path), applied.get(path)
    if before == after:
        return None
    if before is None:
        return Change(path, Kind.ADD, None, after)
    edited = before.sha256 != base
    if after is None:
        return Change(path, Kind.KEEP if edited else Kind.REMOVE, before, None)
    if not edited or before.content == after.content:
        return Change(path, Kind.UPDATE, before, after)
    return Change(path, Kind.KEEP if after.sha256 == base else Kind.CONFLICT, before, after)


def diff(change: Change, *, secret: bool = False) -> Iterator[str]:
    """The lines of a unified diff of one change. What a secret file holds is not shown.

    A file is `secret` if it was applied as one, even where its mode tells no more.
    """
    if secret or SECRET in {f.mode for f in (change.before, change.after) if f is not None}:
        yield f"{change.path}: holds a secret, so its change is not shown"
        return
    if change.path.endswith((".pem", ".crt")):
        yield f"{change.path}: a certificate is made anew"
        return
    before, after = _lines(change.before), _lines(change.after)
    names = (f"a/{change.path}", f"b/{change.path}")
    if before == after and change.before and change.after:
        yield f"{change.path}: mode {change.before.mode:04o} becomes {change.after.mode:04o}"
    yield from difflib.unified_diff(before, after, *names, lineterm="")


def of_kind(found: Iterable[Change], *kinds: Kind) -> tuple[Change, ...]:
    """The changes of the given kinds."""
    return tuple(change for change in found if change.kind in kinds)


def _lines(file: File | None) -> list[str]:
    return file.content.decode(errors="replace").splitlines() if file else []

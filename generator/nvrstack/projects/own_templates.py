"""A project's own templates in the place of shipped ones, and what they were copied from."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from nvrstack.errors import InputError
from nvrstack.host.apply import apply, locked
from nvrstack.projects.project import TEMPLATES, owner_of
from nvrstack.rendering.templates import shipped_template, shipped_templates
from nvrstack.tree import SECRET, File

COPIED = ".nvrstack/templates.json"
"""The SHA-256 that each copied template had where it came from."""


def copy_template(directory: Path, name: str) -> str:
    """Copy a shipped template into the project; give its path there. Raises InputError."""
    text = shipped_template(name) if name in shipped_templates() else None
    if text is None:
        raise InputError(f"there is no template {name!r}", "`nvrstack template list` names them")
    target = f"{TEMPLATES}/{name}"
    if (directory / target).exists():
        raise InputError(f"{target}: is there already", "delete it first to start anew")
    copied = json.dumps({**_copied(directory), name: _digest(text)}, indent=1) + "\n"
    files = {target: File(text.encode()), COPIED: File(copied.encode(), SECRET)}
    owner = owner_of(directory)
    with locked(directory, owner):
        apply(directory, files, owner)
    return target


def outdated(directory: Path, own: Iterable[str]) -> tuple[str, ...]:
    """Those of the project's `own` templates whose shipped original changed since the copy."""
    copied = _copied(directory)
    return tuple(
        name
        for name in own
        if name in copied and copied[name] != _digest(shipped_template(name) or "")
    )


def _copied(directory: Path) -> dict[str, str]:
    path = directory / COPIED
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: is damaged", "delete it") from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

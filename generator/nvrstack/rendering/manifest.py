"""What was last applied: path, mode, SHA-256, and the text that a later merge starts from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from nvrstack import __version__
from nvrstack.errors import InputError
from nvrstack.rendering.rights import Ids, Owners
from nvrstack.tree import SECRET, File, Tree

SCHEMA = 1
MANIFEST = ".nvrstack/manifest.json"
BACKUPS = ".nvrstack/backups"


def manifest_file(tree: Tree, owners: Owners | None = None) -> File:
    """The manifest of `tree`, whose project was given to `owners`.

    The text of a secret file is left out of it.
    """
    entries = {
        path: {
            "mode": f"{file.mode:04o}",
            "sha256": file.sha256,
            "text": None if file.mode == SECRET else file.content.decode(),
        }
        for path, file in tree.items()
    }
    data: dict[str, Any] = {"schema": SCHEMA, "nvrstack": __version__, "files": entries}
    if owners is not None:
        data["owners"] = asdict(owners)
    return File((json.dumps(data, indent=1, sort_keys=True) + "\n").encode(), SECRET)


@dataclass(frozen=True)
class Applied:
    """One file as it was last applied; `text` is None where it is secret."""

    sha256: str
    text: str | None

    @property
    def is_secret(self) -> bool:
        """Whether it is for its owner's eyes alone."""
        return self.text is None


@dataclass(frozen=True)
class Manifest:
    """The last render: each file by its path, and whom the project was given to, if it says so."""

    files: Mapping[str, Applied]
    owners: Owners | None = None


def read_manifest(manifest: str) -> Manifest:
    """The last render as its manifest tells it; nothing from an empty manifest.

    Raises InputError when a newer nvrstack wrote it, or something else did.
    """
    if not manifest:
        return Manifest({})
    try:
        data = json.loads(manifest)
        schema, files = int(data["schema"]), data["files"]
        applied = {
            str(path): Applied(str(entry["sha256"]), entry["text"]) for path, entry in files.items()
        }
        given = {who: _ids(ids) for who, ids in data.get("owners", {}).items()}
        owners = Owners(**given) if given else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{MANIFEST}: is damaged", "move it away; then every rendered file counts as edited"
        ) from error
    if schema > SCHEMA:
        raise InputError(
            f"{MANIFEST}: has schema {schema}, but this nvrstack reads up to {SCHEMA}",
            "install the nvrstack that wrote it, or a newer one",
        )
    return Manifest(applied, owners)


def _ids(value: Any) -> Ids | None:
    if value is None:
        return None
    uid, gid = value
    return int(uid), int(gid)


def backup_path(path: str, now: datetime) -> str:
    """Where the file at `path` is kept when it is replaced at the time `now`."""
    return f"{BACKUPS}/{now:%Y-%m-%dT%H-%M-%S.%fZ}/{path}"

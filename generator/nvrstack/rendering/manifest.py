"""What was last applied: path, mode, SHA-256, and the text that a later merge starts from."""

import json

from nvrstack import __version__
from nvrstack.tree import SECRET, File, Tree

SCHEMA = 1
MANIFEST = ".nvrstack/manifest.json"


def manifest_file(tree: Tree) -> File:
    """The manifest of `tree`. The text of a secret file is left out of it."""
    entries = {
        path: {
            "mode": f"{file.mode:04o}",
            "sha256": file.sha256,
            "text": None if file.mode == SECRET else file.content.decode(),
        }
        for path, file in tree.items()
    }
    data = {"schema": SCHEMA, "nvrstack": __version__, "files": entries}
    return File((json.dumps(data, indent=1, sort_keys=True) + "\n").encode(), SECRET)

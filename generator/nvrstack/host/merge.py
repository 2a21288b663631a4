"""Three-way merges of text, by git."""

import shutil
import subprocess
import tempfile
from pathlib import Path

MERGE_SECONDS = 30


def merge(mine: bytes, base: bytes, theirs: bytes) -> bytes | None:
    """`mine` with what changed from `base` to `theirs`, or None where both changed the same place.

    Also None when git, which does it, is not installed or finds no text in one of them.
    """
    if shutil.which("git") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("mine", "base", "theirs")]
        for path, content in zip(paths, (mine, base, theirs), strict=True):
            path.write_bytes(content)
        # The exit code is the number of conflicts, or above 127 for an error, such as bytes that
        # are no text: git-merge-file(1). A person has to decide in either case.
        result = subprocess.run(
            ["git", "merge-file", "-p", "-q", *map(str, paths)],
            cwd=folder,
            capture_output=True,
            timeout=MERGE_SECONDS,
            check=False,
        )
    return result.stdout if result.returncode == 0 else None

"""Three-way merges of text, by git."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from nvrstack.errors import HostError

MERGE_SECONDS = 30


def merge(mine: bytes, base: bytes, theirs: bytes) -> bytes | None:
    """`mine` with what changed from `base` to `theirs`, or None where both changed the same place.

    Also None when git, which does it, is not installed.
    """
    if shutil.which("git") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("mine", "base", "theirs")]
        for path, content in zip(paths, (mine, base, theirs), strict=True):
            path.write_bytes(content)
        # The exit code is the number of conflicts, or above 127 for an error: git-merge-file(1).
        result = subprocess.run(
            ["git", "merge-file", "-p", "-q", *map(str, paths)],
            cwd=folder,
            capture_output=True,
            timeout=MERGE_SECONDS,
            check=False,
        )
    if result.returncode > 127:
        raise HostError(f"git merge-file: {result.stderr.decode(errors='replace').strip()}")
    return result.stdout if result.returncode == 0 else None

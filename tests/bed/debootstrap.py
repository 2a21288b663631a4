"""A Debian system from its packages, by mmdebstrap(1)."""

import os
from collections.abc import Sequence
from pathlib import Path

from tests.bed.mirror import UNEXPIRED, source
from tests.bed.process import run


def debootstrap(
    target: Path, suite: str, variant: str, packages: Sequence[str], *options: str
) -> None:
    """Make a system with these packages: an archive if `target` ends in .tar, else a directory.

    `variant` says with what mmdebstrap begins, `options` are further ones for it.
    """
    command = [
        "mmdebstrap",
        f"--variant={variant}",
        f"--include={','.join(packages)}",
        f"--aptopt={UNEXPIRED}",
        "--dpkgopt=force-unsafe-io",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        *options,
        suite,
        str(target),
        source(suite),
    ]
    run(command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, timeout=900)

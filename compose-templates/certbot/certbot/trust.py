"""Whom https connections trust: everybody's roots, and a private authority's beside them.

requests, and so certbot and the plugins for DNS providers, reads one file alone.
"""

import os
from pathlib import Path

ROOT = Path(__file__).with_name("authority-root.pem")
JOINED = Path("/tmp/trusted-roots.pem")  # noqa: S108 - the container's own tmpfs
VARIABLE = "REQUESTS_CA_BUNDLE"


def join_roots(root: Path = ROOT, joined: Path = JOINED) -> None:
    """Let this program, and what it runs, trust `root` too, as long as there is one."""
    if not root.exists():
        if os.environ.get(VARIABLE) == str(joined):
            del os.environ[VARIABLE]
        return
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    roots = Path(DEFAULT_CA_BUNDLE_PATH).read_bytes().rstrip() + b"\n" + root.read_bytes()
    if not joined.exists() or joined.read_bytes() != roots:
        fresh = joined.with_suffix(".new")
        fresh.write_bytes(roots)
        fresh.replace(joined)
    os.environ[VARIABLE] = str(joined)

"""sslyze, which compares a server with Mozilla's guideline, in an environment of its own.

It wants an older `cryptography` than nvrstack's tests run with.
"""

import shutil
import sys
from pathlib import Path

from tests.bed.lock import lock
from tests.bed.paths import cache_dir
from tests.bed.process import Word, run

RELEASE = "6.3.1"


def python() -> Path:
    """Return the Python that has sslyze, installed on the first call."""
    place = cache_dir() / f"sslyze-{RELEASE}"
    if not place.exists():
        with lock("sslyze"):
            if not place.exists():
                partial = place.with_suffix(".partial")
                shutil.rmtree(partial, ignore_errors=True)
                run([sys.executable, "-m", "venv", partial])
                pip: list[Word] = [partial / "bin/python", "-m", "pip", "install", "--quiet"]
                run([*pip, f"sslyze=={RELEASE}"], timeout=300)
                partial.rename(place)
    return place / "bin/python"

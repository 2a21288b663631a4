"""Moonfire's stand-in as one file that runs by itself: its image has one program, no package."""

import zipfile
from pathlib import Path

from tests.bed.paths import STANDINS, TESTS
from tests.bed.process import BedError

PACKAGE = STANDINS / "moonfire"
FIRST_LINE = b"#!/usr/bin/python3 -u\n"
"""The image has no `env` to look for Python."""
MAIN = "import tests.standins.moonfire.__main__\n"


def write_program(target: Path) -> None:
    """Write the stand-in as a zip archive that Python runs (docs.python.org/3/library/zipapp).

    The same sources give the same bytes, so that the engine's cache knows them again.
    """
    modules = sorted(PACKAGE.glob("*.py"))
    if not modules:
        message = f"{PACKAGE} is missing: Moonfire's stand-in is part of the repository"
        raise BedError(message)
    packages = [TESTS / "__init__.py", STANDINS / "__init__.py"]
    with target.open("wb") as stream:
        stream.write(FIRST_LINE)
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(zipfile.ZipInfo("__main__.py"), MAIN)
            for path in (*packages, *modules):
                name = str(path.relative_to(TESTS.parent))
                archive.writestr(zipfile.ZipInfo(name), path.read_bytes())
    target.chmod(0o755)

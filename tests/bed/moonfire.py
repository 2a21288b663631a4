"""Moonfire as the bed runs it: its stand-in, or a real one where somebody has one.

Nothing here says how to get a real one; NVRSTACK_MOONFIRE names its program, which has to run
without any library, as upstream's own does in an image that holds nothing else.
"""

import os
import shutil
import tarfile
from pathlib import Path

from tests.bed import standin
from tests.bed.process import BedError

VARIABLE = "NVRSTACK_MOONFIRE"


def real() -> Path | None:
    """The program of a real Moonfire; None where the stand-in is to be used."""
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    program = Path(named)
    if not os.access(program, os.X_OK):
        message = f"{VARIABLE}={named}: there is no program"
        raise BedError(message)
    return program


def put_program(target: Path) -> None:
    """Put whichever Moonfire it is at `target`."""
    program = real()
    if program is None:
        standin.write_program(target)
    else:
        shutil.copy(program, target)
        target.chmod(0o755)


def put_root(archive: Path) -> None:
    """Write what upstream's image holds besides the program (its release/Dockerfile): /var/tmp."""
    with tarfile.open(archive, "w") as tar:
        for name, mode in (("var", 0o755), ("var/tmp", 0o1777)):
            directory = tarfile.TarInfo(name)
            directory.type, directory.mode = tarfile.DIRTYPE, mode
            tar.addfile(directory)

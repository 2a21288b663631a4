"""The `nvrstack` command: `main` prints the version at once, else hands over to the commands."""

import io
import os
import sys

from nvrstack import __version__


def main() -> None:
    """Run the command line and leave with its exit code."""
    code = 0
    try:
        code = _run(sys.argv[1:])
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        code = code or _without_output(error)
        # What could not be written is still waiting, and the interpreter's own last attempt ends
        # with 120 and a complaint of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        # Before anything is imported: scripts ask often.
        print(f"nvrstack {__version__}")
        return 0
    from nvrstack.cli.app import run

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A path that the terminal's encoding cannot show is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    return run(arguments)


def _without_output(error: OSError) -> int:
    from nvrstack.cli.app import unforeseen
    from nvrstack.cli.console import Console

    return int(Console().fail(unforeseen(error)))


if __name__ == "__main__":
    main()

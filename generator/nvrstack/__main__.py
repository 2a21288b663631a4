"""The `nvrstack` command: `main` prints the version at once, else hands over to the commands."""

import io
import sys

from nvrstack import __version__


def main() -> None:
    """Run the command line and leave with its exit code."""
    if sys.argv[1:] == ["--version"]:
        # Before anything is imported: scripts ask often.
        print(f"nvrstack {__version__}")
        sys.exit(0)
    from nvrstack.cli.app import run

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A path that the terminal's encoding cannot show is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

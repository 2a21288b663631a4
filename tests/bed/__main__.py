"""`python -m tests.bed up|down|clean|status|versions`."""

import argparse
import sys
import time

from tests.bed import bed
from tests.bed.process import BedError
from tests.bed.versions import status, versions

COMMANDS = {
    "up": "bring the bed up, from nothing if need be",
    "down": "stop it; images and downloads stay",
    "clean": "stop all beds and remove their directory",
    "status": "say what is up",
    "versions": "print the versions of what it runs",
}


def main() -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bed", description="The test bed.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text)
    command = parser.parse_args().command
    began = time.monotonic()
    try:
        if command in {"status", "versions"}:
            lines = status() if command == "status" else versions()
            for name, value in lines.items():
                print(f"{name:24}{value}")
            return 0
        {"up": bed.up, "down": bed.down, "clean": bed.clean}[command]()
    except BedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{command}: done in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Feeds a reader with what atheris makes of the fixtures: `python -m tests.contract.fuzzing WHAT`.

What follows are the options and the corpus of libFuzzer, https://llvm.org/docs/LibFuzzer.html.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["nvrstack.migration"]):
    from nvrstack.migration.compose.service import read_compose
    from nvrstack.migration.docker.run import read_run
    from nvrstack.migration.install import User
    from nvrstack.migration.script.script import read_script

ACCOUNTS = {"moonfire-nvr": User(998, 997)}


def script(data: bytes) -> None:
    """The reader of the nvr script."""
    read_script(data, ACCOUNTS, "Etc/UTC\n")


def options(data: bytes) -> None:
    """The reader of docker's words, which a zero byte ends as in exec(3)."""
    read_run([word.decode(errors="replace") for word in data.split(b"\0")])


def compose(data: bytes) -> None:
    """The reader of a compose file."""
    read_compose(data.decode(errors="replace"), "/opt/moonfire-nvr", {"A": "one"})


if __name__ == "__main__":
    target = {"script": script, "options": options, "compose": compose}[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()

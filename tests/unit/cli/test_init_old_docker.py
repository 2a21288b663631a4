"""`nvrstack init` beside a Docker that is older than any that can be had here."""

import json
import os
from pathlib import Path

import pytest

from tests.unit.commands import nvrstack

DOCKER = """#!/bin/sh
case "$*" in
    version*) echo {engine} ;;
    "compose version") ;;
    info*) echo '{info}' ;;
esac
"""


def docker(folder: Path, engine: str, compose: str) -> None:
    info = {
        "ServerVersion": engine,
        "ClientInfo": {"Plugins": [{"Name": "compose", "Version": compose}]},
    }
    program = folder / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER.format(engine=engine, info=json.dumps(info)))
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("engine", "compose", "told"),
    [
        ("19.03.8", "v2.17.2", ["The Docker Engine here is version 19.03.8", "Docker Compose"]),
        ("20.10.24", "2.26.1", []),
        ("28.5.2", "v2.40.3", []),
    ],
)
def test_what_is_older_than_supported_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, compose: str, told: list[str]
) -> None:
    docker(tmp_path / "bin", engine, compose)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    given = ("site.domain=nvr.home.arpa", "moonfire.state_dir=data/moonfire")
    flags = [word for setting in given for word in ("--set", setting)]
    # It goes no further than to Moonfire's database, which no engine makes here.
    outcome = nvrstack("init", tmp_path / "p", "--yes", "--stack", "lan", *flags)
    lines = [line for line in outcome.stderr.splitlines() if "tested with" in line]
    assert "Making Moonfire's database" in outcome.stderr
    assert len(lines) == len(told)
    assert all(line.startswith(start) for line, start in zip(lines, told, strict=True)), lines

"""A move whose project and host are directories of a test."""

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from nvrstack.migration.execution.work import OWN, Work
from nvrstack.migration.install import Install
from nvrstack.migration.plan.move import Move
from tests.unit.samples import settings_for


def move_in(folder: Path, **changes: Any) -> Move:
    """A move of a container, with nothing beside it."""
    move = Move(
        project=PurePosixPath(folder / "project"),
        settings="",
        moonfire_config="",
        install=Install("container", "image", "0.7.30", "moonfire-nvr"),
        database=PurePosixPath(folder / "moonfire/db"),
        letsencrypt=PurePosixPath(folder / "letsencrypt"),
    )
    return replace(move, **changes)


def work_in(folder: Path, **changes: Any) -> Work:
    """What its actions work with; the project is there."""
    work = Work(move_in(folder, **changes), settings_for("router-ddns"), lambda: None)
    (work.project / OWN).mkdir(parents=True, exist_ok=True)
    return work

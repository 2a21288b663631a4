"""What becomes of every option of an install: none is dropped in silence."""

from dataclasses import dataclass
from typing import Literal

from nvrstack.migration.install import Install

Fate = Literal["carried", "replaced", "not carried"]


@dataclass(frozen=True)
class Accounted:
    """One option with its values, and what becomes of it, in words."""

    option: str
    values: tuple[str, ...]
    fate: Fate
    text: str


def account(install: Install) -> tuple[Accounted, ...]:
    """What becomes of each option of `install`."""
    return ()


def override_text(install: Install) -> str | None:
    """The compose.override.yaml that carries what the project's own file does not have."""
    return None

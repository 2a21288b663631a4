from dataclasses import dataclass

from nvrstack.migration.install import Install


@dataclass(frozen=True)
class Accounted:
    option: str
    values: tuple[str, ...]
    fate: str
    text: str


def account(install: Install) -> tuple[Accounted, ...]:
    return ()


def override_text(install: Install) -> str | None:
    return None

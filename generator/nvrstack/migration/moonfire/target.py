"""Which version of Moonfire the new project is to run, and why."""

from dataclasses import dataclass

from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Install
from nvrstack.migration.moonfire import rules
from nvrstack.migration.moonfire.versions import SCHEMA, number, schema_of, written
from nvrstack.services.images import MOONFIRE_IMAGE, MOONFIRE_VERSION
from nvrstack.services.releases import Version, notes_for
from nvrstack.settings.model import NEVER_PUBLISHED, OLDEST_MOONFIRE

OLDEST_UPGRADABLE_SCHEMA = 6
"""Older ones date from before the first image; their way is upstream's guide/schema.md."""


@dataclass(frozen=True)
class Target:
    """The version to run, as a tag (`v0.7.30`), with one reason a line.

    `upgrades_schema` tells that the database must go through `moonfire-nvr upgrade` first, from
    which there is no way back but a backup.
    """

    version: str
    reasons: tuple[str, ...]
    upgrades_schema: bool = False
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()


def target_version(install: Install, schema: int | None, wanted: str | None = None) -> Target:
    """The version for the project: the one that runs if it may stay, else the one tested here.

    `schema` is the database's, None where it could not be read; `wanted` is the owner's choice.
    """
    current = number(install.version or "")
    chosen, reasons = _proposed(current)
    asked = number(wanted) if wanted is not None and "-" not in wanted else None
    if asked is not None and is_published(asked):
        chosen, reasons = asked, (f"{written(asked)} was asked for",)
    if schema is None and current is not None:
        schema = schema_of(current)
    warnings = [*_faults(chosen), *_mismatch(current, schema), *_upgrade(schema)]
    if current is not None and chosen < current:
        warnings.append(rules.OLDER_VERSION(current=written(current), chosen=written(chosen)))
    return Target(
        f"v{written(chosen)}",
        reasons,
        upgrades_schema=schema == OLDEST_UPGRADABLE_SCHEMA,
        warnings=tuple(warnings),
        blockers=(
            *((_unavailable(wanted),) if wanted is not None and chosen != asked else ()),
            *_impossible(schema),
        ),
    )


def is_published(version: Version) -> bool:
    """Whether upstream's present registry has, or may have, an image of it."""
    return version >= OLDEST_MOONFIRE and version not in NEVER_PUBLISHED


def _tested() -> Version:
    found = number(MOONFIRE_VERSION)
    if found is None:
        raise ValueError(f"{MOONFIRE_VERSION} is no version")
    return found


def _proposed(current: Version | None) -> tuple[Version, tuple[str, ...]]:
    tested = _tested()
    choice = f"{MOONFIRE_VERSION} is the one that this nvrstack is tested with"
    if current is None:
        return tested, ("which version runs now could not be told", choice)
    now = written(current)
    if current < OLDEST_MOONFIRE:
        return tested, (
            f"{now} has no image in {MOONFIRE_IMAGE}, which begins with {written(OLDEST_MOONFIRE)}",
            choice,
        )
    if current in NEVER_PUBLISHED:
        return tested, (f"{now} has no image in {MOONFIRE_IMAGE}: its release failed", choice)
    notes = notes_for(f"v{now}")
    if notes:
        return tested, (*(f"with {now}, {note.text} ({note.source})" for note in notes), choice)
    return current, (f"{now} runs now and nothing speaks against it",)


def _unavailable(wanted: str) -> Finding:
    return rules.VERSION_UNAVAILABLE(wanted=wanted, image=MOONFIRE_IMAGE, tested=MOONFIRE_VERSION)


def _faults(version: Version) -> list[Finding]:
    return [
        rules.VERSION_FAULT(
            version=written(version), note=note.text, source=note.source, tested=MOONFIRE_VERSION
        )
        for note in notes_for(f"v{written(version)}")
    ]


def _mismatch(current: Version | None, schema: int | None) -> list[Finding]:
    fits = schema_of(current) if current is not None else None
    if current is None or fits is None or schema is None or fits == schema:
        return []
    return [rules.SCHEMA_MISMATCH(schema=schema, current=written(current), fits=fits)]


def _upgrade(schema: int | None) -> list[Finding]:
    if schema != OLDEST_UPGRADABLE_SCHEMA:
        return []
    return [rules.SCHEMA_UPGRADE(schema=schema, newest=SCHEMA)]


def _impossible(schema: int | None) -> tuple[Finding, ...]:
    if schema is None or OLDEST_UPGRADABLE_SCHEMA <= schema <= SCHEMA:
        return ()
    if schema > SCHEMA:
        return (rules.SCHEMA_TOO_NEW(schema=schema, newest=SCHEMA),)
    return (rules.SCHEMA_TOO_OLD(schema=schema, oldest=OLDEST_UPGRADABLE_SCHEMA),)

"""Which of the installations found on a host is the one to move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nvrstack.migration.choice import rules
from nvrstack.migration.choice.differences import difference_findings
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Install, Reading, Source

DESCRIBED_BY: tuple[Source, ...] = ("nvr-script", "compose")
"""What makes containers, and so may describe one that exists."""


@dataclass(frozen=True)
class Candidate:
    """One installation: where it was found, and whether it runs or comes back at boot.

    `active` is None where that could not be told, as for a script whose container nobody asked the
    engine about.
    """

    place: str
    reading: Reading
    active: bool | None = None


@dataclass(frozen=True)
class Choice:
    """The installation to move, None where there is none or more than one."""

    install: Install | None
    place: str = ""
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()


def choose(candidates: Sequence[Candidate], wanted: Source | None = None) -> Choice:
    """The installation to move: the one that is active, or the only one, or the `wanted` kind.

    A container and the script or compose file that made it are one installation, and what ran
    counts. Two that may both be active are a blocker, since each of them would record.
    """
    merged = _merged(candidates)
    said = [finding for c in merged if c.reading.install is None for finding in _said(c)]
    without = [finding for finding in said if finding.severity == "warning"]
    in_the_way = [finding for finding in said if finding.severity == "blocker"]
    found = [c for c in merged if c.reading.install is not None]
    running = [c for c in found if c.active]
    if len(running) > 1:
        return Choice(
            None, warnings=tuple(without), blockers=(_several_active(running), *in_the_way)
        )
    eligible = [c for c in found if wanted is None or _source(c) == wanted]
    if not eligible:
        warnings = [w for c in merged if c.reading.install is None for w in c.reading.warnings]
        return Choice(None, "", tuple(warnings), (_nothing(found, wanted), *_blockers(merged)))
    likely = [c for c in eligible if c.active is not False] or eligible
    if len(likely) > 1:
        return Choice(None, warnings=tuple(without), blockers=(_several(likely), *in_the_way))
    chosen = likely[0]
    return Choice(
        chosen.reading.install,
        chosen.place,
        (*chosen.reading.warnings, *without, *_left(found, chosen)),
        (*chosen.reading.blockers, *_other_runs(running, chosen), *in_the_way),
    )


def _merged(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with each container put together with what describes it."""
    containers = [c for c in candidates if _source(c) == "container"]
    described: list[Candidate] = []
    rest = []
    for candidate in candidates:
        if candidate in containers:
            continue
        container = next((c for c in containers if _same(candidate, c)), None)
        if container is None or container in described:
            # A script whose container is known not to exist does nothing by itself.
            rest.append(candidate)
            continue
        described.append(container)
        rest.append(_together(candidate, container))
    return [*rest, *(c for c in containers if c not in described)]


def _same(candidate: Candidate, container: Candidate) -> bool:
    one, other = candidate.reading.install, container.reading.install
    if one is None or other is None or one.source not in DESCRIBED_BY:
        return False
    return one.container_name == other.container_name


def _together(description: Candidate, container: Candidate) -> Candidate:
    one, other = description.reading.install, container.reading.install
    if one is None or other is None:
        raise ValueError("only installs are put together: _same() looked")
    # The blockers of the description are about what the container tells for certain.
    reading = Reading(
        replace(other, source=one.source, other_options=_with_networks(one, other)),
        (
            *description.reading.warnings,
            *container.reading.warnings,
            *difference_findings(one, other),
        ),
        container.reading.blockers,
    )
    return Candidate(f"{description.place} and {container.place}", reading, container.active)


def _with_networks(one: Install, other: Install) -> Mapping[str, tuple[str, ...]]:
    """The container's options, with what only its compose file tells of the networks."""
    told = {key: one.other_options[key] for key in ("networks",) if key in one.other_options}
    return {**told, **other.other_options}


def _source(candidate: Candidate) -> Source | None:
    install = candidate.reading.install
    return install.source if install is not None else None


def _said(candidate: Candidate) -> tuple[Finding, ...]:
    """What is said of an install that another one is moved instead of.

    What is active stays in the way of the move.
    """
    if candidate.active:
        return (*candidate.reading.warnings, *candidate.reading.blockers)
    blockers = (replace(found, severity="warning") for found in candidate.reading.blockers)
    return (*candidate.reading.warnings, *blockers)


def _blockers(candidates: Sequence[Candidate]) -> tuple[Finding, ...]:
    return tuple(f for c in candidates if c.reading.install is None for f in c.reading.blockers)


def _places(candidates: Sequence[Candidate]) -> str:
    return " and ".join(candidate.place for candidate in candidates)


def _several_active(candidates: Sequence[Candidate]) -> Finding:
    return rules.SEVERAL_ACTIVE(places=_places(candidates))


def _several(candidates: Sequence[Candidate]) -> Finding:
    sources = ", ".join(dict.fromkeys(str(_source(c)) for c in candidates))
    return rules.SEVERAL_INSTALLS(places=_places(candidates), sources=sources)


def _nothing(found: Sequence[Candidate], wanted: Source | None) -> Finding:
    if found:
        return rules.NO_INSTALL_WANTED(wanted=wanted, places=_places(found))
    return rules.NO_INSTALL()


def _left(found: Sequence[Candidate], chosen: Candidate) -> list[Finding]:
    return [
        rules.OTHER_INSTALL(place=other.place)
        for other in found
        if other is not chosen and not other.active
    ]


def _other_runs(running: Sequence[Candidate], chosen: Candidate) -> list[Finding]:
    return [rules.OTHER_ACTIVE(place=other.place) for other in running if other is not chosen]

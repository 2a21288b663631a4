"""A plan as a careful owner reads it: what was found, what changes, what may be lost, what next."""

import textwrap
from collections.abc import Iterable, Iterator

from nvrstack.migration.carry.accounting import Accounted
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Install
from nvrstack.migration.plan.plan import Plan, located

WIDTH = 92
SECONDS_WITHOUT_RECORDING = (5, 90)
"""Usually; and while a camera does not answer Moonfire's good-bye, see stop_grace_period."""


def plan_text(plan: Plan, url: str | None) -> str:
    """The whole plan; `url` is where the page will be, None while the settings are incomplete."""
    return "\n".join(
        [
            *_found(plan),
            "",
            *_becomes(plan, url),
            *_section("Changes", [*plan.notes, *_fates(plan.options)]),
            *_diff(plan),
            *_steps(plan),
            findings_text(plan.warnings, plan.blockers),
            "",
            *_end(plan),
        ]
    )


def findings_text(warnings: Iterable[Finding], blockers: Iterable[Finding]) -> str:
    """What is unsure, and what must be settled first; empty when there is nothing."""
    return "\n".join(
        [*_findings("Warnings", warnings), *_findings("To be settled first", blockers)]
    )


def _found(plan: Plan) -> Iterator[str]:
    install = plan.install
    yield f"Found: {plan.place}"
    yield f"  Moonfire {install.version or 'of an unknown version'}{_image(install)}"
    if install.user is not None:
        yield f"  runs as {install.user.uid}:{install.user.gid}"
    for mount in install.mounts:
        if mount.type == "bind" and not mount.read_only and mount.source is not None:
            inside = "" if mount.source == mount.target else f", inside {mount.target}"
            yield f"  {mount.source} stays where it is{inside}"


def _image(install: Install) -> str:
    return f" from {install.image}" if install.image else ", installed without Docker"


def _becomes(plan: Plan, url: str | None) -> Iterator[str]:
    yield f"Becomes: a project in {plan.project}" + (f", opened as {url}" if url else "")
    yield f"  Moonfire {plan.target.version.removeprefix('v')}:"
    for reason in plan.target.reasons:
        yield from _wrapped(reason, "  - ")


def _fates(options: Iterable[Accounted]) -> Iterator[str]:
    options = list(options)
    yield from (_fate(option) for option in options if option.matters)
    rest = [option.option for option in options if not option.matters]
    if rest:
        yield f"as before, or by another name: {', '.join(dict.fromkeys(rest))}"


def _fate(option: Accounted) -> str:
    values = " ".join(option.values)
    return f"{option.option}{' ' + values if values else ''}: {option.fate}, {option.text}"


def _diff(plan: Plan) -> Iterator[str]:
    if plan.diff:
        yield from ("", "Moonfire's configuration:")
        yield from (f"  {line}" for line in plan.diff.splitlines())


def _steps(plan: Plan) -> Iterator[str]:
    if plan.steps:
        yield from ("", "Steps, and the way back from each:")
    for number, step in enumerate(plan.steps, 1):
        yield from _wrapped(step.title, f"{number:3}. ")
        if step.undo is None:
            yield "     (needs no way back)"
        else:
            yield from _wrapped(f"back: {step.undo}", "     ")


def _findings(title: str, findings: Iterable[Finding]) -> Iterator[str]:
    found = list(findings)
    if found:
        yield from ("", f"{title}:")
    for finding in found:
        yield from _wrapped(located(finding), "  - ")
        yield from _wrapped(finding.hint, "    → ")


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    said = list(lines)
    if said:
        yield from ("", f"{title}:")
    for line in said:
        yield from _wrapped(line, "  - ")


def _end(plan: Plan) -> Iterator[str]:
    if plan.blockers:
        yield "Nothing was changed, and nothing can be until the points above are settled."
        return
    usual, longest = SECONDS_WITHOUT_RECORDING
    yield from _wrapped(
        f"Nothing was changed. The move leaves about {usual} seconds without recording, and at "
        f"most {longest} more when a camera is slow to say good-bye"
        + (", and as long as the upgrade takes." if plan.target.upgrades_schema else "."),
        "",
    )


def _wrapped(text: str, prefix: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=prefix, subsequent_indent=" " * len(prefix),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip

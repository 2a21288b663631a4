"""The plan: everything that a move will do, what is unsure, and what must be decided first."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from nvrstack.migration.carry.accounting import Accounted
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Install
from nvrstack.migration.moonfire.config import ConfigProposal
from nvrstack.migration.moonfire.target import Target
from nvrstack.migration.plan.steps import Step

NO_INSTALL: Mapping[str, Any] = {"install": None, "moonfire_config": None, "steps": []}
"""The keys of a plan where there is nothing to move."""


@dataclass(frozen=True)
class Plan:
    """A move as computed, before anything has changed.

    `settings` and `override` are the texts of the project's nvrstack.toml and, where something
    needs it, compose.override.yaml; `place` is where the install was found.
    """

    place: str
    project: str
    install: Install
    target: Target
    config: ConfigProposal
    settings: str | None
    override: str | None = None
    steps: tuple[Step, ...] = ()
    options: tuple[Accounted, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()
    diff: str = field(init=False)

    def __post_init__(self) -> None:
        """Work out how Moonfire's configuration changes, as a unified diff."""
        lines = difflib.unified_diff(
            (self.config.before or "").splitlines(keepends=True),
            self.config.after.splitlines(keepends=True),
            self.config.path if self.config.before is not None else "/dev/null",
            f"{self.project}/moonfire/moonfire-nvr.toml",
        )
        object.__setattr__(self, "diff", "".join(lines))

    def as_json(self) -> dict[str, Any]:
        """The plan as `nvrstack migrate plan --json` prints it, without secrets."""
        return {
            "install": self.install.as_json(),
            "moonfire_config": self.config.as_json(),
            "target": {"version": self.target.version, "reasons": list(self.target.reasons)},
            "project": self.project,
            "settings": self.settings,
            "override": self.override,
            "options": [asdict(option) for option in self.options],
            "steps": [
                {"id": step.id, "title": step.title, "undo": step.undo} for step in self.steps
            ],
            **findings_json(self.warnings, self.blockers),
        }


def unique(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in their order, each said once."""
    return tuple(dict.fromkeys(findings))


def findings_json(
    warnings: Iterable[Finding], blockers: Iterable[Finding]
) -> dict[str, list[dict[str, str]]]:
    """The last two keys of the plan as JSON."""
    return {"warnings": _listed(warnings), "blockers": _listed(blockers)}


def _listed(findings: Iterable[Finding]) -> list[dict[str, str]]:
    return [{"code": f.code, "message": located(f), "hint": f.hint} for f in findings]


def located(finding: Finding) -> str:
    """What a finding says, with its line where it has one."""
    return finding.message if finding.line is None else f"line {finding.line}: {finding.message}"

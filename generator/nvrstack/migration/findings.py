"""What a plan says beside its steps: findings, and the rules that they come from.

Each folder keeps its rules in a module `rules`, as data: docs/findings.md is made from them.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Literal

Severity = Literal["warning", "blocker"]


@dataclass(frozen=True)
class Finding:
    """A warning or a blocker: a stable code, a sentence, and what to do about it.

    `line` is the line of the file that it is about, where there is one.
    """

    code: str
    message: str
    hint: str
    line: int | None = None
    severity: Severity = "warning"


@dataclass(frozen=True)
class Rule:
    """Something that may be found. `sentence` and `hint` name what they need in braces."""

    severity: Severity
    code: str
    sentence: str
    hint: str

    def __call__(self, line: int | None = None, /, **values: object) -> Finding:
        """The finding on a line. Raises KeyError for a name in braces that has no value."""
        sentence, hint = self.sentence.format(**values), self.hint.format(**values)
        return Finding(self.code, sentence, hint, line, self.severity)


warning = partial(Rule, "warning")
blocker = partial(Rule, "blocker")


@dataclass
class Remarks:
    """What is said about something while it is gone through."""

    notes: list[str] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    blockers: list[Finding] = field(default_factory=list)

    def add(self, *findings: Finding) -> None:
        """Add findings where their severity belongs."""
        for finding in findings:
            (self.blockers if finding.severity == "blocker" else self.warnings).append(finding)

"""What came of a stage of the tests, read from the report that pytest writes for JUnit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

COUNTED = ("failures", "errors", "skipped")


@dataclass(frozen=True)
class Outcome:
    """How many tests there were, and what is wrong with the stage."""

    name: str
    seconds: float
    tests: int = 0
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    failed: tuple[str, ...] = ()
    """Which tests, as pytest calls them."""
    wrong: str = ""
    """Why the stage as a whole is no success; empty when it is one."""

    @property
    def line(self) -> str:
        """All of it in one line, in pytest's words."""
        counts = {
            "passed": self.tests - self.failures - self.errors - self.skipped,
            "failed": self.failures,
            "errors": self.errors,
            "skipped": self.skipped,
        }
        told = [f"{number} {what}" for what, number in counts.items() if number]
        told += [self.wrong] if self.wrong else []
        minutes, seconds = divmod(round(self.seconds), 60)
        return f"{self.name:10}{', '.join(told) or 'done'} in {minutes}:{seconds:02}"

    @staticmethod
    def of_all(outcomes: Sequence[Outcome], seconds: float) -> Outcome:
        """The sum of all stages."""
        wrong = [outcome.name for outcome in outcomes if outcome.wrong]
        return Outcome(
            "total",
            seconds,
            tests=sum(outcome.tests for outcome in outcomes),
            failures=sum(outcome.failures for outcome in outcomes),
            errors=sum(outcome.errors for outcome in outcomes),
            skipped=sum(outcome.skipped for outcome in outcomes),
            failed=tuple(test for outcome in outcomes for test in outcome.failed),
            wrong=f"NOT WELL: {', '.join(wrong)}" if wrong else "",
        )


def outcome_of(
    name: str, report: Path | None, code: int, seconds: float, late: str | None = None
) -> Outcome:
    """Read a report, None where none is written; `code` is what the program ended with."""
    counts, failed = dict.fromkeys(("tests", *COUNTED), 0), []
    if report is not None and report.exists():
        root = ElementTree.parse(report).getroot()
        for suite in root.iter("testsuite"):
            for key in counts:
                counts[key] += int(suite.get(key, "0"))
        failed = [
            f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
            for case in root.iter("testcase")
            if case.find("failure") is not None or case.find("error") is not None
        ]
    wrong = late or (f"ended with {code}" if code else "")
    if not wrong and report is not None and not report.exists():
        wrong = "ended without a report"
    return Outcome(name, seconds, failed=tuple(failed), wrong=wrong, **counts)

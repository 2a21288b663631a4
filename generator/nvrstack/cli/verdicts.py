"""Verdicts on the screen, or as JSON."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console as Terminal
    from rich.table import Table

    from nvrstack.checks.verdict import Verdict

SIGNS = {"fine": "green", "warning": "yellow", "problem": "red", "unknown": "magenta"}

MOST_COLUMNS = 28
"""For what a verdict is about, so that its text has room on 80 columns."""


def report(
    console: Console, verdicts: "Sequence[Verdict]", about: Mapping[str, Any] | None = None
) -> None:
    """Show the verdicts; `about` goes into the JSON beside them. Exit 1 if one is a problem."""
    if not console.json:
        terminal(console).print(table(verdicts))
    data = [
        {"about": v.about, "level": str(v.level), "text": v.text, "remedy": v.remedy}
        for v in verdicts
    ]
    console.result({**(about or {}), "verdicts": data}, "")
    if any(verdict.level == "problem" for verdict in verdicts):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def terminal(console: Console) -> "Terminal":
    """Where a table goes: the console's stdout, with its colours or without."""
    from rich.console import Console as Terminal

    return Terminal(file=console.stdout, no_color=not console.colored, highlight=False)


def table(verdicts: "Sequence[Verdict]") -> "Table":
    """The verdicts as a table, each with its remedy."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    shown.add_column(no_wrap=True)
    # Long names and paths go on in the next line: cut short, they would tell nothing.
    shown.add_column(max_width=MOST_COLUMNS, overflow="fold")
    shown.add_column(overflow="fold")
    for verdict in verdicts:
        sign = Text(str(verdict.level), style=SIGNS[verdict.level])
        text = Text(verdict.text)
        if verdict.remedy:
            text.append(f"\n→ {verdict.remedy}", style="dim")
        shown.add_row(sign, Text(verdict.about), text)
    return shown

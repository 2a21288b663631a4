"""How a move is followed: a line for each step, with a sign of life on a terminal."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nvrstack.cli.console import Console

if TYPE_CHECKING:
    from rich.console import Console as Terminal

    from nvrstack.migration.plan.steps import Step


class Progress:
    """Tells of each step as it begins: on stderr, unless --quiet."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._numbers: dict[str, int] = {}
        self._terminal: Terminal | None = None
        self.tell = console.say
        self.agrees = console.agrees

    @contextlib.contextmanager
    def shown(self, steps: "Sequence[Step]") -> Iterator[None]:
        """While this lasts, a terminal shows that something goes on."""
        self._numbers = {step.id: number for number, step in enumerate(steps, 1)}
        if self._console.quiet or not self._console.stderr.isatty():
            yield
            return
        from rich.console import Console as Terminal

        color = self._console.color and not self._console.environ.get("NO_COLOR")
        terminal = Terminal(file=self._console.stderr, no_color=not color, highlight=False)
        with terminal.status("at work …"):
            self._terminal = terminal
            try:
                yield
            finally:
                self._terminal = None

    def forward(self, step: "Step") -> None:
        """A step begins."""
        self._tell(f"[{self._numbers[step.id]}/{len(self._numbers)}] {step.title}")

    def backward(self, step: "Step") -> None:
        """A step is about to be undone."""
        self._tell(f"[{self._numbers[step.id]}/{len(self._numbers)}] back: {step.undo}")

    def say(self, text: str) -> None:
        """A step has something to say."""
        self._tell(f"      {text}")

    def _tell(self, text: str) -> None:
        if self._terminal is None:
            self._console.say(text)
        else:
            # Through the terminal, which keeps its sign of life below.
            self._terminal.print(text, markup=False)

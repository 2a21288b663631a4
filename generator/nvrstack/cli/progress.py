"""How a move is followed: a line for each step, with a sign of life on a terminal."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nvrstack.cli.console import Console

if TYPE_CHECKING:
    from rich.status import Status

    from nvrstack.migration.steps import Step


class Progress:
    """Tells of each step as it begins: on stderr, as the console wants it."""

    def __init__(self, console: Console, steps: "Sequence[Step]") -> None:
        self._console = console
        self._numbers = {step.id: number for number, step in enumerate(steps, 1)}
        self._status: Status | None = None

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """While this lasts, a terminal shows that something goes on."""
        if self._console.quiet or self._console.json or not self._console.stderr.isatty():
            yield
            return
        from rich.console import Console as Terminal

        terminal = Terminal(
            file=self._console.stderr, no_color=not self._console.color, highlight=False
        )
        with terminal.status("") as self._status:
            yield
        self._status = None

    def forward(self, step: "Step") -> None:
        """A step begins."""
        self._tell(f"[{self._numbers[step.id]}/{len(self._numbers)}] {step.title}")

    def backward(self, step: "Step") -> None:
        """A step is about to be undone."""
        self._tell(f"[{self._numbers[step.id]}/{len(self._numbers)}] back: {step.undo}")

    def say(self, text: str) -> None:
        """A step has something to say."""
        self._console.say(f"      {text}")

    def _tell(self, text: str) -> None:
        self._console.say(text)
        if self._status is not None:
            self._status.update("…")

"""How a script leaves a statement before its end."""


class Leave(Exception):  # noqa: N818 - no error but a way out
    """Any of them."""


class StoppedError(Leave):
    """The script ends: exit, exec, or a failure under `set -e`."""


class ReturnedError(Leave):
    """A function ends."""


class LoopLeftError(Leave):
    """A round of a loop ends, and the loop with it if `ends`."""

    def __init__(self, *, ends: bool) -> None:
        super().__init__()
        self.ends = ends

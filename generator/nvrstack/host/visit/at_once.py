"""Asks many things at once, and does not wait for the slow ones."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Generic, ParamSpec, TypeVar

from nvrstack.host import background
from nvrstack.host.visit.failures import SILENT
from nvrstack.visit import Failure

P = ParamSpec("P")
T = TypeVar("T")


class Asked(Generic[T]):
    """A question that is on its way."""

    def __init__(self, future: "Future[T]") -> None:
        self._future = future

    def by(self, deadline: float) -> T | Failure:
        """What came of it until `deadline`, on the clock of `time.monotonic`."""
        return background.by(deadline, self._future, SILENT)


def begin(ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Asked[T]:
    """Ask in a thread of its own, which does not keep the process from ending.

    The threads of the standard library's executors would: a name server's silence then lasts half
    a minute (resolv.conf(5)).
    """
    return Asked(background.begin(partial(ask, *args, **kwargs)))

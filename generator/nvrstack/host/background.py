"""Several slow questions at a time, and an end to waiting for their answers."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U")


def begin(job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Do a job in a thread of its own, which does not keep the program from ending.

    Those of the standard library's executors would: a name server's silence then lasts half a
    minute (resolv.conf(5)).
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(job(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - whoever waits for the result gets it
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future


def by(deadline: float, future: Future[T], otherwise: U) -> T | U:
    """The result of a job, or `otherwise` when it is not there at `deadline` (time.monotonic)."""
    try:
        return future.result(timeout=max(deadline - time.monotonic(), 0))
    except TimeoutError:
        return otherwise

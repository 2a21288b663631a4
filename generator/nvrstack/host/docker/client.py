"""The one way to this host's Docker Engine: its API, and Docker's own command where that is needed.

Everything here and beside it raises HostError where the engine does not answer or refuses. Who can
go on without it says what stands in for the answer: `if_it_answers`.
"""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from nvrstack.errors import HostError

if TYPE_CHECKING:
    from docker import DockerClient

T = TypeVar("T")
U = TypeVar("U")

ANSWER_SECONDS = 60
QUICK_SECONDS = 8
"""For what a person waits for, and can do without."""
NOT_INSTALLED = "docker is not installed"
PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NOT_A_RUN = "com.docker.compose.oneoff=False"
"""The labels by which Compose knows what is a project's."""


@contextlib.contextmanager
def connected(seconds: int = ANSWER_SECONDS) -> Iterator["DockerClient"]:
    """The engine's API; each answer may take so long. Raises HostError."""
    import docker
    from docker.errors import APIError, DockerException

    try:
        with contextlib.closing(docker.from_env(timeout=seconds)) as client:
            yield client
    except APIError as error:
        raise HostError(f"the Docker Engine refused: {error.explanation or error}") from error
    except (DockerException, OSError) as error:
        raise HostError(
            f"the Docker Engine does not answer: {error}", "see that it runs: docker version"
        ) from error


def run_docker(
    words: Sequence[str],
    what: str = "docker",
    seconds: int = QUICK_SECONDS,
    cwd: Path | None = None,
    lend: Sequence[int] = (),
) -> "subprocess.CompletedProcess[str]":
    """Run Docker's command, `what` it is for in words. Raises HostError where it cannot be run."""
    try:
        return subprocess.run(
            ["docker", *words],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            pass_fds=lend,
        )
    except FileNotFoundError as error:
        raise HostError(NOT_INSTALLED) from error
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{what} did not answer within {seconds} seconds") from error


def use(address: str) -> None:
    """From now on, speak to the engine at another address (docker(1), DOCKER_HOST)."""
    os.environ["DOCKER_HOST"] = address


def if_it_answers(ask: Callable[[], T], otherwise: U) -> T | U:
    """What is asked of the engine, or `otherwise` where it does not answer."""
    try:
        return ask()
    except HostError:
        return otherwise

"""What all unit tests share: no engine answers, and no variable of this shell counts."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def _no_engine() -> None:
    """Let nothing listen where the engine is looked for."""
    os.environ["DOCKER_HOST"] = "tcp://127.0.0.1:9"
    for name in ("SUDO_UID", "SUDO_GID", "NO_COLOR"):
        os.environ.pop(name, None)

"""The Compose plugin and the docker client of the chosen engine's release."""

from pathlib import Path

from tests.bed import releases
from tests.bed.process import PATH, stated


def config_dir() -> Path:
    """Return the docker client's configuration directory, in which it finds its plugins."""
    return releases.chosen().config


def plugin() -> Path:
    """Return where the Compose plugin is installed."""
    return releases.chosen().plugin


def ensure() -> None:
    """Fetch the Compose plugin, and the engine with it, unless they are there."""
    releases.chosen().ensure()


def environment(host: str) -> dict[str, str]:
    """Return an environment for docker commands that reaches the bed's engine and no other.

    It has nothing of the shell's in which the tests were started.
    """
    return {
        **stated(),
        "PATH": f"{releases.chosen().programs}:{PATH}",
        "DOCKER_HOST": host,
        "DOCKER_CONFIG": str(config_dir()),
        "DOCKER_BUILDKIT": "0",
    }

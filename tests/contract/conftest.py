"""What all contract tests share. What is missing here fails, it never skips."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bed import compose, packages, rootfs
from tests.contract.space import namespace

PACKAGES = (*packages.ROOTFS, "curl", "inotify-tools", "iproute2", "openssl", "procps")


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    """The real programs, fetched on the first run."""
    packages.ensure(PACKAGES)
    compose.ensure()
    rootfs.rootfs()


@pytest.fixture(scope="module")
def netns(request: pytest.FixtureRequest) -> Iterator[str]:
    """A network of this module's own, with a loopback."""
    with namespace(Path(request.node.name).stem.removeprefix("test_")) as name:
        yield name

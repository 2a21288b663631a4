"""The engine and the Compose under test are what nvrstack says that it supports."""

from nvrstack.services.docker_releases import (
    OLDEST_COMPOSE,
    OLDEST_ENGINE,
    Release,
    release_of,
)
from tests.bed.bed import Bed
from tests.bed.releases import OLDEST, chosen


def is_right(version: str, oldest: Release) -> bool:
    release = release_of(version)
    assert release is not None, version
    return release == oldest if chosen() == OLDEST else release > oldest


def test_the_oldest_is_the_oldest_and_the_newest_is_newer(bed: Bed) -> None:
    told = bed.docker("version", "--format", "{{.Server.Version}}").stdout
    assert is_right(told.strip(), OLDEST_ENGINE)
    assert is_right(bed.docker("compose", "version", "--short").stdout.strip(), OLDEST_COMPOSE)

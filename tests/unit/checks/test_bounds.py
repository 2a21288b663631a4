"""Verdicts on both sides of each threshold."""

from datetime import UTC, datetime, timedelta

import pytest

from nvrstack.checks.clock import clock_verdict
from nvrstack.checks.disks import owner_verdict
from nvrstack.checks.recordings import SampleDirectory, recording_verdicts
from nvrstack.checks.verdict import Level
from nvrstack.surroundings import Clock, Disk

NOW = datetime(2026, 11, 1, tzinfo=UTC)
GIB = 1024**3


@pytest.mark.parametrize(
    ("ahead", "level", "words"),
    [
        (10.0, Level.FINE, "agrees with"),
        (-10.0, Level.FINE, "agrees with"),
        (11.0, Level.WARNING, "ahead of"),
        (-11.0, Level.WARNING, "behind"),
        (300.0, Level.WARNING, "ahead of"),
        (301.0, Level.PROBLEM, "ahead of"),
        (-301.0, Level.PROBLEM, "behind"),
    ],
)
def test_a_clock(ahead: float, level: Level, words: str) -> None:
    verdict = clock_verdict(Clock(ahead, "ntp.example.com", "", "chrony"))
    assert (verdict.level, words in verdict.text) == (level, True)


@pytest.mark.parametrize(
    ("owner", "mode", "level"),
    [
        ((998, 5), 0o700, Level.FINE),
        ((998, 997), 0o077, Level.PROBLEM),
        ((5, 997), 0o770, Level.FINE),
        ((5, 997), 0o707, Level.PROBLEM),
        ((5, 997), 0o720, Level.PROBLEM),
        ((5, 997), 0o710, Level.PROBLEM),
        ((5, 6), 0o773, Level.FINE),
        ((5, 6), 0o775, Level.PROBLEM),
    ],
)
def test_whoever_writes_needs_to_enter_too(owner: tuple[int, int], mode: int, level: Level) -> None:
    disk = Disk("/media/nvr", "recordings", exists=True, owner=owner, mode=mode)
    assert owner_verdict(disk, (998, 997)).level == level


@pytest.mark.parametrize(
    ("age", "free", "level"),
    [
        (timedelta(minutes=5), GIB, Level.FINE),
        (timedelta(minutes=5, seconds=1), GIB, Level.PROBLEM),
        (timedelta(0), GIB - 1, Level.WARNING),
    ],
)
def test_recordings(age: timedelta, free: int, level: Level) -> None:
    directory = SampleDirectory("/media/nvr", NOW - age, True, free, 100 * GIB)
    (verdict,) = recording_verdicts([directory], NOW)
    assert verdict.level == level

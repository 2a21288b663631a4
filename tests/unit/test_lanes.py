"""The runner of `make test`: what it runs, and what it makes of how that ended."""

import textwrap
from pathlib import Path

import pytest

from tests import lanes
from tests.bed.paths import TESTS
from tests.e2e.engines import DIFFER
from tests.lanes import LANES, Run, Stage
from tests.outcome import Outcome


def outcome(folder: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> Outcome:
    monkeypatch.setattr(lanes, "LOGS", folder)
    file = folder / "test_some.py"
    file.write_text(textwrap.dedent(content))
    return Run().stage(Stage("some", (str(file), "--rootdir", str(folder))))


def test_failures_and_errors_are_counted_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = outcome(
        tmp_path, monkeypatch,
        """
        import pytest
        @pytest.fixture
        def broken():
            raise ValueError
        def test_right(): pass
        def test_wrong(): assert False, "as it must be"
        def test_broken(broken): pass
        @pytest.mark.skip
        def test_skipped(): pass
        """,
    )  # fmt: skip
    assert (found.tests, found.failures, found.errors, found.skipped) == (4, 1, 1, 1)
    assert [name.rpartition("::")[2] for name in found.failed] == ["test_wrong", "test_broken"]
    assert found.wrong == "ended with 1"
    assert "1 passed, 1 failed, 1 errors, 1 skipped, ended with 1" in found.line
    assert "as it must be" in capsys.readouterr().out


def test_what_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LIMIT_SECONDS", 1)
    found = outcome(
        tmp_path, monkeypatch,
        """
        import time
        def test_right(): pass
        def test_endless(): time.sleep(600)
        """,
    )  # fmt: skip
    assert "did not end within" in found.wrong
    assert found.seconds < 60


def test_what_ends_without_a_report_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = outcome(tmp_path, monkeypatch, "import os; os._exit(0)")
    assert (found.tests, found.wrong) == (0, "ended without a report")
    total = Outcome.of_all([found, Outcome("other", 1.0, tests=2)], 2.0)
    assert total.line.startswith("total     2 passed, NOT WELL: some")


def test_every_test_is_in_a_lane() -> None:
    pytest_words = [stage.words for lane in LANES for stage in lane if stage.words[0] != "make"]
    folders = {path.name for path in TESTS.iterdir() if [*path.rglob("test_*.py")]}
    assert {Path(words[0]).parts[1] for words in pytest_words} == folders


def test_what_engines_differ_in_is_there() -> None:
    for place in DIFFER:
        file, _, test = place.partition("::")
        assert f"def {test}" in (TESTS.parent / file).read_text(), place

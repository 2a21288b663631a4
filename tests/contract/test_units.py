"""The host's units in a move, under a real systemd: `tests/booted/units.py` on a booted host."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

import pytest

from tests.bed.booted import BootedHost, own_programs
from tests.bed.paths import TESTS

INSIDE = TESTS / "booted/units.py"
NAMES = [
    node.name
    for node in ast.parse(INSIDE.read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
]


@pytest.fixture(scope="module")
def outcomes() -> Iterator[Mapping[str, list[str]]]:
    """What came of each test there: for each of its cases what went wrong, or nothing."""
    host = BootedHost("units", shares=own_programs())
    try:
        host.boot()
        options = ["-q", "-p", "no:cacheprovider", "--junitxml=/root/report.xml"]
        command = [sys.executable, "-m", "pytest", *options, str(INSIDE)]
        done = host.run(command, cwd=TESTS.parent, timeout=300, check=False)
        report = host.root / "root/report.xml"
        assert report.exists(), done.stdout + done.stderr
        yield _outcomes(report.read_text())
    finally:
        host.remove()


def _outcomes(report: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for case in ElementTree.fromstring(report).iter("testcase"):
        name = case.get("name", "").partition("[")[0]
        found[name].append("\n".join(wrong.text or wrong.tag for wrong in case))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_on_a_booted_host(outcomes: Mapping[str, list[str]], name: str) -> None:
    assert outcomes[name], "it did not run"
    for wrong in outcomes[name]:
        assert not wrong, wrong

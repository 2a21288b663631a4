"""No module grows too large, and no function: which may import which, `lint-imports` tells."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

PACKAGE = Path(__file__).parents[2] / "generator" / "nvrstack"
MODULES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if "data" not in path.parts and path.name != "__init__.py"
)


def lengths() -> Iterator[tuple[str, int]]:
    """Each function with its lines, a command's list of options apart."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.body[0].lineno
                yield f"{path.relative_to(PACKAGE)}: {node.name}", lines


def test_modules_stay_small() -> None:
    found = {str(path.relative_to(PACKAGE)): path.read_text().count("\n") for path in MODULES}
    assert {name: lines for name, lines in found.items() if lines > 350} == {}
    assert median(found.values()) < 100


def test_functions_stay_small() -> None:
    assert {name: lines for name, lines in lengths() if lines > 60} == {}

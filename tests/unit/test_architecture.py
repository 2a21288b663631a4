"""No module grows too large, and no function: which may import which, `lint-imports` tells."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

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


MACHINE = {
    "fcntl", "http", "os", "pwd", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess",
    "tempfile", "threading", "urllib.request",
}  # fmt: skip
CHANGES = {
    "chmod", "hardlink_to", "mkdir", "rename", "rmdir", "symlink_to", "touch", "unlink",
    "write_bytes", "write_text",
}  # fmt: skip
OTHERWISE = {
    "__main__.py": "ends the process",
    "cli/console.py": "has the process's own streams and environment",
    "migration/moonfire/database.py": "reads the copy that the host opened for it",
    "services/passwords.py": "asks for random numbers",
}
OUTSIDE = [
    path
    for path in MODULES
    if path.relative_to(PACKAGE).parts[0] != "host"
    and str(path.relative_to(PACKAGE)) not in OTHERWISE
]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_host_touches_the_machine(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    imported = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
    imported |= {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
    assert not {name for name in imported if name in MACHINE or name.split(".")[0] in MACHINE}
    # A project's files may be read where they are understood.
    called = {n.func for n in nodes if isinstance(n, ast.Call)}
    methods = [func for func in called if isinstance(func, ast.Attribute) and func.attr in CHANGES]
    assert not [m for m in methods if not (isinstance(m.value, ast.Name) and m.value.id in ROOMS)]


ROOMS = {"atomic", "containers"}
"""Modules of the host that have acts of such names."""


def test_modules_stay_small() -> None:
    found = {str(path.relative_to(PACKAGE)): path.read_text().count("\n") for path in MODULES}
    assert {name: lines for name, lines in found.items() if lines > 350} == {}
    assert median(found.values()) < 100


def test_functions_stay_small() -> None:
    assert {name: lines for name, lines in lengths() if lines > 60} == {}

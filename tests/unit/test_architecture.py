"""The rooms of the package import one way, and none grows too large."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "generator" / "nvrstack"
LOWEST = {"errors", "tree", "resources", "visit", "surroundings"}
MIDDLE = {"services", "settings", "stacks", "pki"} | LOWEST
MAY_IMPORT = {
    "errors": set[str](),
    "tree": set[str](),
    "resources": set[str](),
    "visit": set[str](),
    "surroundings": set[str](),
    "services": MIDDLE,
    "settings": MIDDLE,
    "stacks": LOWEST,
    "pki": MIDDLE,
    "rendering": MIDDLE | {"rendering"},
    "checks": {"checks"} | MIDDLE,
    "projects": MIDDLE | {"rendering", "checks", "host", "projects"},
    "migration": MIDDLE | {"rendering", "projects", "host", "migration"},
    "host": {"errors", "tree", "visit", "surroundings", "host"},
    "cli": MIDDLE | {"rendering", "checks", "migration", "projects", "host", "cli"},
    "__main__": {"cli"},
    "__init__": set[str](),
}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "data" not in path.parts)


def imported_rooms(path: Path) -> set[str]:
    """The rooms that a module imports, inside functions too."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            prefix = f"{node.module}."
            names += [prefix + alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    parts = (name.split(".") for name in names if name.startswith("nvrstack."))
    return {part[1] for part in parts} - {"__version__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert imported_rooms(path) <= MAY_IMPORT[room]


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
    lengths = {path.name: len(path.read_text().splitlines()) for path in MODULES}
    assert max(lengths.values()) <= 450, lengths
    assert sorted(lengths.values())[len(lengths) // 2] <= 130, lengths

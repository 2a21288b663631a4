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


def test_modules_stay_small() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in MODULES}
    assert max(lengths.values()) <= 450, lengths
    assert sorted(lengths.values())[len(lengths) // 2] <= 130, lengths

"""The files that ship inside the package: stacks, templates and provider entries."""

from importlib.resources import files
from importlib.resources.abc import Traversable


def shipped(name: str) -> Traversable:
    """A folder of `nvrstack/data`, wherever the package lives: a directory or a zip file."""
    return files("nvrstack").joinpath("data", name)

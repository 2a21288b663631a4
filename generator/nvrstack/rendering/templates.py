"""The template engine: strict, with our quoting, reading from the package or a zip file."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources.abc import Traversable

from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    TemplateNotFound,
)

from nvrstack.rendering.quoting import FILTERS
from nvrstack.resources import shipped

SUFFIX = ".j2"
SERVICE_FRAGMENT = "service.yaml.j2"


class _Loader(BaseLoader):
    def __init__(self, overrides: Mapping[str, str]) -> None:
        self.overrides = overrides

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:
        text = self.overrides.get(template, shipped_template(template))
        if text is None:
            raise TemplateNotFound(template)
        return text, template, None


def environment(overrides: Mapping[str, str] | None = None) -> Environment:
    """The Jinja environment, in which `overrides` stand before the shipped templates."""
    if not overrides:
        return _shipped_environment()
    return _shipped_environment().overlay(loader=_Loader(overrides))


def shipped_template(name: str) -> str | None:
    """The text of a shipped template, or None when there is none of that name."""
    entry = shipped("compose-templates").joinpath(*name.split("/"))
    return entry.read_text(encoding="utf-8") if entry.is_file() else None


def shipped_templates() -> tuple[str, ...]:
    """The names of all templates from which projects are rendered."""
    return tuple(sorted(path for path in _walk(shipped("compose-templates"), "") if "/" in path))


@cache
def _shipped_environment() -> Environment:
    # An unknown name in a template is an error.
    engine = Environment(
        loader=_Loader({}),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the targets are not HTML; each value is quoted for its own
    )
    engine.filters.update(FILTERS)
    return engine


def templates_of(folder: str) -> Iterator[tuple[str, str]]:
    """Template and output path of every file below `compose-templates/folder`.

    The output path is the template's own, without the folder and without `.j2`; a name that
    begins with `dot-` begins with a dot in the project.
    """
    for path in sorted(_walk(shipped("compose-templates").joinpath(folder), "")):
        if path != SERVICE_FRAGMENT:
            output = path.removesuffix(SUFFIX)
            parent, slash, name = output.rpartition("/")
            if name.startswith("dot-"):
                name = "." + name.removeprefix("dot-")
            yield f"{folder}/{path}", f"{parent}{slash}{name}"


def _walk(folder: Traversable, prefix: str) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name

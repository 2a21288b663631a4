"""The template engine: strict, with our quoting, reading from the package or a zip file."""

from collections.abc import Iterator
from functools import cache
from importlib.resources.abc import Traversable

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

from nvrstack.rendering.quoting import FILTERS
from nvrstack.resources import shipped

SUFFIX = ".j2"
SERVICE_FRAGMENT = "service.yaml.j2"


class _PackageLoader(BaseLoader):
    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:
        entry = shipped("compose-templates").joinpath(*template.split("/"))
        if not entry.is_file():
            raise TemplateNotFound(template)
        return entry.read_text(encoding="utf-8"), template, None


@cache
def environment() -> Environment:
    """The one Jinja environment. An unknown name in a template is an error."""
    engine = Environment(
        loader=_PackageLoader(),
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

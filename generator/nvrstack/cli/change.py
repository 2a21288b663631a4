"""`nvrstack get`, `set` and `domain`: settings changed without an editor."""

from typing import Annotated

import typer

from nvrstack.cli.console import Console
from nvrstack.cli.options import Mine, Theirs
from nvrstack.errors import InputError
from nvrstack.settings import SETTINGS

Key = Annotated[str, typer.Argument(help="A setting by its dotted name, such as site.domain.")]


def get(context: typer.Context, key: Key) -> None:
    """Print a setting, the stack's default included."""
    from nvrstack.projects.project import read_project
    from nvrstack.settings.answers import known_keys, unknown_name
    from nvrstack.settings.load import lookup
    from nvrstack.settings.problems import Problem, SettingsError

    console: Console = context.obj
    if key not in known_keys():
        raise SettingsError([Problem(key, unknown_name(key))], SETTINGS)
    project = read_project(console.find_project())
    value = lookup(project.settings.model_dump(mode="json", by_alias=True), key)
    shown = ",".join(map(str, value)) if isinstance(value, list) else value
    console.result({"key": key, "value": value}, "" if value is None else str(shown))


def set_(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY VALUE",
            help="Settings and their new values; commas between those of a list.",
        ),
    ],
) -> None:
    """Change settings in nvrstack.toml, comments kept. `nvrstack render` then applies them.

    Several are changed at once or not at all: another stack wants other settings beside it.
    """
    from nvrstack.projects.changing import change_settings
    from nvrstack.settings.answers import from_pairs
    from nvrstack.settings.load import lookup

    console: Console = context.obj
    directory = console.find_project()
    if len(words) % 2:
        raise InputError(
            f"{words[-1]}: has no value; nothing was changed",
            "write nvrstack set KEY VALUE, and more pairs of them if you like",
        )
    pairs = list(zip(words[::2], words[1::2], strict=True))
    answers = from_pairs([(key, value, "nvrstack set") for key, value in pairs])
    values = {key: lookup(answers.data, key) for key in answers.origins}
    change_settings(directory, values, answers.origins)
    data = [{"key": key, "value": value} for key, value in pairs]
    console.result({"settings": data}, f"{SETTINGS} is changed. Now: nvrstack render")


def domain(
    context: typer.Context,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name of your cameras' page.")],
    keep: Annotated[
        bool,
        typer.Option("--keep-old-as-redirect", help="Lead the old name to the new one."),
    ] = False,
    mine: Mine = False,
    theirs: Theirs = False,
) -> None:
    """Move the page to another domain, in every file that names it, and render."""
    from nvrstack.cli.render import render_project
    from nvrstack.projects import changing
    from nvrstack.projects.project import complete, read_project

    console: Console = context.obj
    directory = console.find_project()
    complete(directory)
    before = read_project(directory)
    values = changing.domain_change(before, new, redirects=keep)
    text = changing.change_settings(directory, values)
    after = read_project(directory)
    console.say(changing.domain_warnings(before, after))
    applied = False
    try:
        applied = render_project(console, after, mine=mine, theirs=theirs)
    finally:
        # Settings that were not applied would surprise at the next render.
        if not applied:
            changing.take_back(directory, text)

"""`nvrstack get`, `set` and `domain`: settings changed without an editor."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import InputError
from nvrstack.settings import SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

    from nvrstack.projects.project import LoadedProject

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
    mine: Annotated[
        bool, typer.Option("--mine", help="In a conflict, keep the file as you edited it.")
    ] = False,
    theirs: Annotated[
        bool, typer.Option("--theirs", help="In a conflict, take the rendered file.")
    ] = False,
) -> None:
    """Move the page to another domain, in every file that names it, and render."""
    from pydantic_core import PydanticCustomError

    from nvrstack.cli.render import render_project
    from nvrstack.host.apply import locked
    from nvrstack.projects.project import complete, owner_of, read_project
    from nvrstack.settings.names import domain_name

    console: Console = context.obj
    directory = console.find_project()
    complete(directory)
    before = read_project(directory)
    site, ddns = before.settings.site, before.settings.ddns
    with contextlib.suppress(PydanticCustomError):
        # A name that is none is told of with its line, once it stands in the settings.
        new = domain_name(new)
    if new == site.domain:
        raise InputError(f"{new} is the domain already", "nothing was changed")
    redirects = (*site.redirects, site.domain) if keep else site.redirects
    values: dict[str, Any] = {
        "site.domain": new,
        "site.aliases": [alias for alias in site.aliases if alias != new],
        "site.redirects": [name for name in redirects if name != new],
    }
    if ddns.hosts:
        kept = [host for host in ddns.hosts if keep or host != site.domain]
        values["ddns.hosts"] = list(dict.fromkeys([new, *kept]))
    text = change_settings(directory, values)
    after = read_project(directory)
    console.say(warnings(before, after))
    applied = False
    try:
        applied = render_project(console, after, mine=mine, theirs=theirs)
    finally:
        # Settings that were not applied would surprise at the next render.
        if not applied:
            with locked(directory, owner_of(directory)):
                write_settings(directory, text)


def warnings(before: "LoadedProject", after: "LoadedProject") -> str:
    """What a change of domain means for browsers that know the old one."""
    from nvrstack.pki.keep import ROOT
    from nvrstack.projects.project import certificate_changes
    from nvrstack.rendering.context import hsts_seconds
    from nvrstack.settings.values import format_duration

    old = before.settings
    lines = [f"{before.settings.site.domain} becomes {after.settings.site.domain}."]
    made_anew = {change.path for change in certificate_changes(after, datetime.now(UTC))}
    if ROOT[0] in made_anew:
        lines.append("The authority is made anew for it: install its root again on each device.")
    elif hsts_seconds(old) and old.site.domain not in after.settings.site.redirects:
        told = format_duration(old.access.hsts)
        lines.append(
            f"Browsers were told to use https alone for the old name for {told}; "
            "if you use that name for something else, it needs a certificate too."
        )
    return "\n".join(lines)


def change_settings(
    directory: "Path", values: Mapping[str, Any], origins: Mapping[str, str] | None = None
) -> str:
    """Change settings in `nvrstack.toml`, once the result is valid; give the text from before.

    The file as it was is kept in the project's backups. Raises SettingsError with everything that
    is wrong with the result: where `origins` says that it came from, else its line in the file as
    it is.
    """
    from nvrstack.host.apply import locked
    from nvrstack.projects.project import owner_of, read_text
    from nvrstack.settings.edit import changed
    from nvrstack.settings.schema_upgrades import migrated
    from nvrstack.stacks import load_stacks

    with locked(directory, owner_of(directory)):
        before = read_text(directory / SETTINGS, newline="")
        after = changed(migrated(before), values, origins or {}, SETTINGS, load_stacks())
        write_settings(directory, after, backup=before)
    return before


def write_settings(directory: "Path", text: str, backup: str | None = None) -> None:
    """Write `nvrstack.toml`, atomically and with the mode that it has, in a locked project."""
    from nvrstack.host.apply import apply
    from nvrstack.projects.project import owner_of
    from nvrstack.rendering.manifest import backup_path
    from nvrstack.tree import File

    mode = (directory / SETTINGS).stat().st_mode & 0o777
    files = {SETTINGS: File(text.encode(), mode)}
    if backup is not None:
        files[backup_path(SETTINGS, datetime.now(UTC))] = File(backup.encode(), mode)
    apply(directory, files, owner_of(directory))

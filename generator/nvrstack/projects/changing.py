"""Settings of a project changed without an editor, comments kept."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from nvrstack.errors import InputError
from nvrstack.host.apply import apply, locked
from nvrstack.pki.keep import ROOT
from nvrstack.projects.project import LoadedProject, certificate_changes, owner_of, read_text
from nvrstack.rendering.context import hsts_seconds
from nvrstack.rendering.manifest import backup_path
from nvrstack.settings import SETTINGS
from nvrstack.settings.edit import changed
from nvrstack.settings.names import domain_name
from nvrstack.settings.schema_upgrades import migrated
from nvrstack.settings.values import format_duration
from nvrstack.stacks import load_stacks
from nvrstack.tree import File


def change_settings(
    directory: Path, values: Mapping[str, Any], origins: Mapping[str, str] | None = None
) -> str:
    """Change settings in `nvrstack.toml`, once the result is valid; give the text from before.

    The file as it was is kept in the project's backups. Raises SettingsError with everything that
    is wrong with the result: where `origins` says that it came from, else its line in the file as
    it is.
    """
    with locked(directory, owner_of(directory)):
        before = read_text(directory / SETTINGS, newline="")
        after = changed(migrated(before), values, origins or {}, SETTINGS, load_stacks())
        _write(directory, after, backup=before)
    return before


def take_back(directory: Path, text: str) -> None:
    """Let the settings be the `text` that they were before a change."""
    with locked(directory, owner_of(directory)):
        _write(directory, text)


def domain_change(project: LoadedProject, new: str, *, redirects: bool) -> dict[str, Any]:
    """The settings by which a project's page moves to the domain `new`, by their dotted names.

    With `redirects`, the old name leads there. Raises InputError where it is the domain already.
    """
    site, ddns = project.settings.site, project.settings.ddns
    with contextlib.suppress(PydanticCustomError):
        # A name that is none is told of with its line, once it stands in the settings.
        new = domain_name(new)
    if new == site.domain:
        raise InputError(f"{new} is the domain already", "nothing was changed")
    names = (*site.redirects, site.domain) if redirects else site.redirects
    values: dict[str, Any] = {
        "site.domain": new,
        "site.aliases": [alias for alias in site.aliases if alias != new],
        "site.redirects": [name for name in names if name != new],
    }
    if ddns.hosts:
        kept = [host for host in ddns.hosts if redirects or host != site.domain]
        values["ddns.hosts"] = list(dict.fromkeys([new, *kept]))
    return values


def domain_warnings(before: LoadedProject, after: LoadedProject) -> str:
    """What a change of domain means for browsers that know the old one."""
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


def _write(directory: Path, text: str, backup: str | None = None) -> None:
    """Write `nvrstack.toml`, atomically and with the mode that it has, in a locked project."""
    mode = (directory / SETTINGS).stat().st_mode & 0o777
    files = {SETTINGS: File(text.encode(), mode)}
    if backup is not None:
        files[backup_path(SETTINGS, datetime.now(UTC))] = File(backup.encode(), mode)
    apply(directory, files, owner_of(directory))

"""Reading a project: its settings, its stack, the files its rendering needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nvrstack.errors import HostError, InputError
from nvrstack.host.apply import JOURNAL, locked
from nvrstack.pki.certificates import Pair, as_parsed, is_certificate
from nvrstack.pki.keep import PATHS, missing_certificates
from nvrstack.rendering.changes import Change, Kind, changes, exposed
from nvrstack.rendering.manifest import MANIFEST, Manifest, read_manifest
from nvrstack.rendering.render import Material, render
from nvrstack.rendering.templates import shipped_templates
from nvrstack.settings import SETTINGS
from nvrstack.settings.load import load
from nvrstack.settings.model import Settings
from nvrstack.settings.schema_upgrades import migrated
from nvrstack.settings.secrets import Secret, required_secrets
from nvrstack.stacks import Stack, load_stacks
from nvrstack.tree import File, Tree

TEMPLATES = "templates"
"""The folder of a project's own templates."""
PRIVATE = ("secrets/**/*", "tls/**/*.key", "tls/**/privkey.pem")
"""The files beside the rendered ones that are for their owner alone."""


@dataclass(frozen=True)
class LoadedProject:
    """A project directory and what its settings say."""

    directory: Path
    settings: Settings
    stack: Stack

    @property
    def state_dir(self) -> Path:
        """Moonfire's state directory on this host."""
        return self.directory / self.settings.moonfire.state_dir


def read_text(path: Path, newline: str | None = None) -> str:
    """The text of a file, with its own line ends if `newline` is empty.

    Raises InputError when it is not there or is no text.
    """
    try:
        with path.open(encoding="utf-8", newline=newline) as stream:
            return stream.read()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text", "save it as UTF-8") from error
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}", "check the name and who may read it"
        ) from error


def read_project(directory: Path) -> LoadedProject:
    """The project in `directory`. Raises SettingsError when its settings have problems.

    Settings of an older schema are read as they will be once they are brought up to date.
    """
    stacks = load_stacks()
    settings = load(migrated(read_text(directory / SETTINGS)), SETTINGS, stacks)
    return LoadedProject(directory, settings, stacks[settings.stack])


def read_secret(path: Path, secret: Secret) -> str:
    """The secret in a file: its first line, or all of it where it has several or is a key file.

    Raises InputError when that is empty.
    """
    text = read_text(path)
    if not secret.several_lines and not text.startswith("key "):
        text = text.partition("\n")[0].removesuffix("\r")
    if not text.strip():
        raise InputError(f"{path}: is empty; expected the secret {secret.name}")
    return text.rstrip("\n")


def read_material(directory: Path, settings: Settings, given: dict[str, str]) -> Material:
    """What rendering needs beside the settings; `given` secrets go before those on disk."""
    secrets = dict(given)
    for secret in required_secrets(settings):
        path = directory / "secrets" / secret.name
        if secret.name not in secrets and path.is_file():
            secrets[secret.name] = read_secret(path, secret)
    templates = read_templates(directory)
    root = settings.certificate.authority_root
    if root is None:
        return Material(secrets, None, templates)
    try:
        pem = (directory / root).read_bytes()
    except OSError as error:
        raise HostError(
            f"certificate.authority_root: {root}: {error.strerror}", "give the path of a PEM file"
        ) from error
    if not is_certificate(pem):
        raise InputError(f"certificate.authority_root: {root} holds no certificate in PEM form")
    return Material(secrets, as_parsed(pem), templates)


def read_own_certificate(directory: Path, settings: Settings) -> Pair | None:
    """The certificate that the owner brings, if these settings name one. Raises HostError."""
    found = []
    for key in ("chain_file", "key_file"):
        path = getattr(settings.certificate, key)
        if path is None:
            return None
        try:
            found.append((directory / path).read_bytes())
        except OSError as error:
            raise HostError(
                f"certificate.{key}: {path}: {error.strerror}", "give the path of a PEM file"
            ) from error
    return Pair(*found)


def read_templates(directory: Path) -> dict[str, str]:
    """The project's own templates, by the names of the shipped ones whose place they take.

    Raises InputError for a file below `templates/` that takes no shipped template's place.
    """
    folder = directory / TEMPLATES
    found = {
        str(path.relative_to(folder)): read_text(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    for name in found:
        if name not in shipped_templates():
            raise InputError(
                f"{TEMPLATES}/{name}: takes no shipped template's place",
                "`nvrstack template list` names them; move the file away",
            )
    return found


def owner_of(directory: Path) -> tuple[int, int]:
    """The ids of whom the project belongs to."""
    status = (directory / SETTINGS).stat()
    return status.st_uid, status.st_gid


def complete(directory: Path) -> None:
    """Complete what a killed command left half done, maybe with the settings themselves."""
    if (directory / JOURNAL).exists():
        with locked(directory, owner_of(directory)):
            pass


def settings_change(directory: Path) -> tuple[Change, ...]:
    """The change that brings an older settings file up to date; nothing where it is."""
    present = present_files(directory, [SETTINGS])
    before = present[SETTINGS]
    after = File(migrated(before.content.decode()).encode(), before.mode)
    return () if after == before else (Change(SETTINGS, Kind.UPDATE, before, after),)


def certificate_changes(project: LoadedProject, now: datetime) -> tuple[Change, ...]:
    """The certificates of nvrstack's own making that are missing, or no longer serve."""
    present = present_files(project.directory, PATHS)
    contents = {path: file.content for path, file in present.items()}
    own = read_own_certificate(project.directory, project.settings)
    return tuple(
        Change(path, Kind.UPDATE if path in present else Kind.ADD, present.get(path), file)
        for path, file in missing_certificates(project.settings, contents, now, own).items()
    )


def exposed_secrets(directory: Path) -> tuple[Change, ...]:
    """What closes the secrets and keys that others than their owner may read.

    A link is left alone: whoever made it decides about the file that it leads to.
    """
    found = (path for pattern in PRIVATE for path in sorted(directory.glob(pattern)))
    paths = [str(path.relative_to(directory)) for path in found if not path.is_symlink()]
    return exposed(present_files(directory, paths))


def project_changes(project: LoadedProject) -> tuple[Change, ...]:
    """What a render would change in the files of a project, certificates apart."""
    directory = project.directory
    rendered = render(
        project.settings, project.stack, read_material(directory, project.settings, {})
    )
    applied = read_manifest_of(directory).files
    return changes(applied, present_files(directory, {*applied, *rendered}), rendered)


def read_manifest_of(directory: Path) -> Manifest:
    """What was last applied to the project; nothing when its manifest is gone."""
    path = directory / MANIFEST
    return read_manifest(read_text(path) if path.is_file() else "")


def present_files(directory: Path, paths: Iterable[str]) -> Tree:
    """Those of `paths` that the project has."""
    files = ((path, directory / path) for path in paths)
    return {
        path: File(file.read_bytes(), file.stat().st_mode & 0o777)
        for path, file in files
        if file.is_file()
    }

"""Carrying out `init`: the project directory, Moonfire's database, the first account."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nvrstack.errors import HostError, InputError
from nvrstack.host import facts
from nvrstack.host.apply import KEPT, apply, locked, make_directory, remove_if_empty
from nvrstack.host.atomic import refused
from nvrstack.host.docker import engine
from nvrstack.host.docker.facts import ask_engine
from nvrstack.host.rights import is_root, may_write, own_ids, set_mode
from nvrstack.pki.keep import PATHS, missing_certificates
from nvrstack.projects.project import LoadedProject, read_material, read_own_certificate
from nvrstack.rendering.layout import Directory, directories
from nvrstack.rendering.manifest import MANIFEST, manifest_file
from nvrstack.rendering.next_steps import INIT_DATABASE
from nvrstack.rendering.render import render
from nvrstack.rendering.rights import owners
from nvrstack.rendering.settings_file import settings_text
from nvrstack.services.docker_releases import OLDEST_COMPOSE, OLDEST_ENGINE, too_old
from nvrstack.settings import SETTINGS
from nvrstack.settings.model import Settings
from nvrstack.settings.secrets import required_secrets
from nvrstack.stacks import Stack
from nvrstack.tree import SECRET, File, Tree


@dataclass
class Created:
    """What `init` did, and what it could not do and why."""

    project: LoadedProject
    files: Tree
    has_database: bool = False
    user: str | None = None
    notes: list[str] = field(default_factory=list)


def check_target(directory: Path) -> None:
    """Raise InputError unless `directory` is absent or empty."""
    if not directory.exists():
        return
    if not directory.is_dir():
        raise InputError(f"{directory}: is not a directory", "name another place for the project")
    # A first init that was killed leaves only this folder behind.
    if {entry.name for entry in directory.iterdir()} - {KEPT}:
        raise InputError(
            f"{directory}: is not empty and is no nvrstack project; nothing was changed",
            "name a new directory, or an empty one",
        )


def new_files(directory: Path, settings: Settings, stack: Stack, secrets: dict[str, str]) -> Tree:
    """Every file of a new project."""
    rendered = render(settings, stack, read_material(directory, settings, secrets))
    kept = {
        f"secrets/{n}": File(f"{v}\n".encode(), SECRET)
        for n, v in secrets.items()
        if n in {secret.name for secret in required_secrets(settings)}
    }
    files = {
        SETTINGS: File(settings_text(settings).encode()),
        MANIFEST: manifest_file(rendered, owners(settings)),
        **kept,
        **missing_certificates(
            settings,
            present_certificates(directory),
            datetime.now(UTC),
            read_own_certificate(directory, settings),
        ),
        **rendered,
    }
    return dict(sorted(files.items()))


def present_certificates(directory: Path) -> dict[str, bytes]:
    """The certificates and keys of nvrstack's own making that the project has."""
    return {path: (directory / path).read_bytes() for path in PATHS if (directory / path).is_file()}


def write_project(directory: Path, settings: Settings, stack: Stack, files: Tree) -> None:
    """Write a new project. Raises HostError, before anything is changed, when that cannot work."""
    check_host(directory, settings, stack)
    owner = file_owner(settings)
    existed = directory.exists()
    try:
        make_directory(directory, 0o755, owner)
        with locked(directory, owner):
            apply(directory, files, owner)
    except OSError as error:
        raise refused(directory, error) from error
    except HostError:
        if not existed:
            remove_if_empty(directory)
        raise
    prepare_directories(directory, settings, stack)


def check_host(directory: Path, settings: Settings, stack: Stack) -> None:
    """Raise HostError with everything about this host that the project could not live with."""
    problems = [
        problem
        for wanted in directories(settings, stack)
        if _leads_out(directory, wanted.path)
        and (problem := _directory_problem(directory / wanted.path, wanted, settings))
    ]
    if not facts.has_zone_file(settings.moonfire.timezone):
        problems.append(
            f"/usr/share/zoneinfo has no {settings.moonfire.timezone}, which Moonfire needs; "
            "install your system's tzdata package"
        )
    if engine.is_rootless():
        problems.append(engine.ROOTLESS)
    parent = next(p for p in (directory, *directory.parents) if p.exists())
    if not may_write(parent):
        problems.append(f"{parent} may not be written to by you")
    if problems:
        raise HostError(
            "this host is not ready; nothing was changed\n" + "\n".join(f"  {p}" for p in problems),
            "mend what is listed, or run the command with sudo",
        )


def prepare_directories(directory: Path, settings: Settings, stack: Stack) -> None:
    """Make what the containers mount and may not make themselves."""
    for wanted in directories(settings, stack):
        path = directory / wanted.path
        owner = _ids(wanted, settings) if is_root() else None
        try:
            make_directory(path, wanted.mode, owner)
            if wanted.owner == "project" and not wanted.path.startswith("/"):
                # It may have come into being as a parent of a file, with a parent's mode.
                set_mode(path, wanted.mode)
        except OSError as error:
            raise refused(path, error) from error


def file_owner(settings: Settings) -> tuple[int, int] | None:
    """Who gets the files: root gives them to the project's owner, anybody else keeps them."""
    return (settings.project.uid, settings.project.gid) if is_root() else None


def lacks_database(created: Created) -> bool:
    """Whether Moonfire has no database yet and an engine could make it; without one, a note."""
    created.has_database = (created.project.state_dir / "db" / "db").exists()
    problem = None if created.has_database else engine.engine_problem()
    if problem:
        created.notes.append(f"{problem}; so make Moonfire's database later: {INIT_DATABASE}")
    return not (created.has_database or problem)


def old_docker() -> list[str]:
    """What of this host's Docker is older than nvrstack supports, a sentence each."""
    found = ask_engine()
    asked = (
        ("The Docker Engine", found.version, OLDEST_ENGINE),
        ("Docker Compose", found.compose, OLDEST_COMPOSE),
    )
    troubles = ((what, too_old(version, oldest)) for what, version, oldest in asked)
    return [f"{what} here is {trouble}." for what, trouble in troubles if trouble]


def make_database(created: Created) -> str:
    """Let Moonfire's own image make its database; give what was printed. Raises HostError."""
    try:
        words = ("run", "--rm", "--no-deps", "-T", "moonfire-nvr", "init")
        told = engine.compose(created.project.directory, *words)
    except HostError as error:
        raise HostError(
            f"the project is ready in {created.project.directory}, but Moonfire's database "
            f"could not be made: {error.message}",
            f"when that is mended, run there: {INIT_DATABASE}",
        ) from error
    created.has_database = True
    return told


def _leads_out(directory: Path, path: str) -> bool:
    """Whether the project's owner decides about it elsewhere: an absolute path, or a link."""
    return path.startswith("/") or not (directory / path).resolve().is_relative_to(
        directory.resolve()
    )


def _directory_problem(path: Path, wanted: Directory, settings: Settings) -> str | None:
    uid, gid = _ids(wanted, settings)
    if path.is_dir():
        owner, section = path.stat().st_uid, wanted.owner
        if owner != uid:
            who = "Moonfire is" if section == "moonfire" else "nginx, certbot and ddclient are"
            return (
                f"{path} belongs to uid {owner}, but {who} to run as {uid}; "
                f"set {section}.uid and {section}.gid, or chown it"
            )
        return None
    if path.exists():
        return f"{path} is not a directory"
    parent = next(p for p in path.parents if p.exists())
    if is_root() or (may_write(parent) and (uid, gid) == own_ids()):
        return None
    return f"{path} does not exist and cannot be made for uid {uid} by uid {own_ids()[0]}"


def _ids(wanted: Directory, settings: Settings) -> tuple[int, int]:
    section = settings.moonfire if wanted.owner == "moonfire" else settings.project
    return section.uid, section.gid

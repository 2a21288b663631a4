"""Every installation of Moonfire that a host shows signs of. Nothing is changed."""

import posixpath
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nvrstack.errors import HostError, InputError
from nvrstack.host import install_files, rooted_files, unit_files
from nvrstack.host.docker import containers as engine_containers
from nvrstack.host.docker import engine
from nvrstack.host.docker.client import NOT_INSTALLED
from nvrstack.host.systemd import units as systemd
from nvrstack.migration.choice.detection import Candidate
from nvrstack.migration.compose.env_file import variables_of
from nvrstack.migration.compose.service import read_compose
from nvrstack.migration.docker import container as containers
from nvrstack.migration.findings import Finding
from nvrstack.migration.gathering import rules
from nvrstack.migration.install import Reading, TextOf
from nvrstack.migration.passwd import groups_of, homes_of, members_of, users_of
from nvrstack.migration.script.script import read_script
from nvrstack.migration.systemd.rules import UNIT_OF_USER, UNIT_OTHER_ENGINE
from nvrstack.migration.systemd.unit import read_unit
from nvrstack.settings import SETTINGS

SCRIPT = "/usr/local/bin/nvr"
MOST_OF_A_SCRIPT = 2 * 1024 * 1024
"""Bytes: more than its reader takes, and less than a link to Moonfire's own program leads to."""
COMPOSE_DIRECTORIES = (
    "/etc/moonfire-nvr",
    "/opt/moonfire-nvr",
    "/root/moonfire-nvr",
    "/srv/moonfire-nvr",
    "/var/lib/moonfire-nvr",
)
"""Where people put the guide's compose file; every user's `~/moonfire-nvr` is looked at too."""
COMPOSE_PARENTS = ("/opt", "/root", "/srv")
"""Where people keep compose files, in it or one directory below; every user's home is one too."""
MOST_DIRECTORIES = 500
WORKING_DIRECTORY = "com.docker.compose.project.working_dir"
"""The label that Compose gives its containers."""


@dataclass(frozen=True)
class Host:
    """The host to look at: its root directory, files that are elsewhere, whether to ask Docker."""

    root: Path = Path("/")
    script: Path | None = None
    config: Path | None = None
    asks_engine: bool = True
    compose: Path | None = None


@dataclass(frozen=True)
class Survey:
    """What was found; `told` is about the host itself, `described` are containers as JSON."""

    candidates: tuple[Candidate, ...]
    warnings: tuple[Finding, ...] = ()


def survey(host: Host) -> Survey:
    """Look for the script, containers, compose files and units of `host`.

    Raises HostError for a file that may not be read, InputError for a named one that is not there.
    """
    described, warnings = _containers(host)
    directories = map(_directory, described)
    names = tuple(str(found.container["Name"]).lstrip("/") for found in described)
    engine_asked = host.asks_engine and all(w.code != rules.ENGINE_ABSENT.code for w in warnings)
    return Survey(
        (
            *_script(host, engine_asked=engine_asked),
            *(_container(found) for found in described),
            *_compose_files(host, [d for d in directories if d], engine_asked=engine_asked),
            *_units(host, names),
            *_units_of_others(host, names),
        ),
        warnings,
    )


def _containers(host: Host) -> tuple[tuple[engine_containers.Described, ...], tuple[Finding, ...]]:
    if not host.asks_engine:
        return (), ()
    problem = engine.engine_problem()
    if problem is None:
        found = engine_containers.described(containers.is_moonfire)
        ours = tuple(one for one in found if _belongs_to_a_project(host, one))
        return tuple(one for one in found if one not in ours), tuple(map(_moved, ours))
    hint = "run the command with sudo, or start Docker, so that what ran can be seen"
    if problem == NOT_INSTALLED:
        hint = "install it before the move: https://docs.docker.com/engine/install/"
    return (), (rules.ENGINE_ABSENT(problem=problem, hint=hint),)


def _directory(found: engine_containers.Described) -> str:
    labels = found.container["Config"].get("Labels") or {}
    return str(labels.get(WORKING_DIRECTORY, ""))


def _belongs_to_a_project(host: Host, found: engine_containers.Described) -> bool:
    """Whether the container is of a project of nvrstack's own."""
    directory = _directory(found)
    return (
        bool(directory)
        and rooted_files.read_bytes(host.root, f"{directory}/{SETTINGS}") is not None
    )


def _moved(found: engine_containers.Described) -> Finding:
    return rules.PROJECT_CONTAINER(
        container=str(found.container["Name"]).lstrip("/"), directory=_directory(found)
    )


def _container(found: engine_containers.Described) -> Candidate:
    reading = containers.read_container(found.container, found.image)
    if reading.install is None:
        raise ValueError("a container of Moonfire's is an install: is_moonfire() looked")
    return Candidate(
        f"the container {reading.install.container_name}",
        reading,
        containers.is_running(found.container) or containers.starts_at_boot(found.container),
    )


def _script(host: Host, *, engine_asked: bool) -> Iterator[Candidate]:
    place = str(host.script or SCRIPT)
    if host.script is not None:
        try:
            script = str(host.script.resolve())
            content: bytes | None = rooted_files.read_start(Path("/"), script, MOST_OF_A_SCRIPT)
        except OSError as error:
            raise InputError(f"{place}: {error.strerror}", "check the name") from error
        if content is None:
            raise InputError(f"{place}: there is no such file", "check --nvr-script")
    else:
        content = rooted_files.read_start(host.root, SCRIPT, MOST_OF_A_SCRIPT)
    if content is None:
        return
    users = users_of(rooted_files.read_text(host.root, "/etc/passwd") or "")
    timezone = rooted_files.read_text(host.root, "/etc/timezone")
    lies_at = install_files.as_called(place)
    reading = read_script(content, users, timezone, _text_of(host), lies_at)
    # Without its container it starts nothing by itself.
    yield Candidate(place, reading, False if engine_asked else None)


def _compose_files(host: Host, labelled: list[str], *, engine_asked: bool) -> Iterator[Candidate]:
    for found in [_named_compose(host)] if host.compose else _found_compose(host, labelled):
        directory = posixpath.dirname(found.path) or "/"
        reading = read_compose(found.text, directory, variables_of(found.env), _text_of(host))
        if reading.install is not None or reading.blockers:
            reading = replace(reading, warnings=(*reading.warnings, *map(_added, found.overrides)))
            yield Candidate(found.path, reading, False if engine_asked else None)


def _named_compose(host: Host) -> install_files.ComposeFile:
    """The compose file that the owner named; where it lies on this machine."""
    named = str(host.compose)
    path = install_files.as_called(named)
    found = install_files.compose_file_at(Path("/"), path)
    if found is None:
        raise InputError(f"{named}: there is no such file", "check --compose-file")
    root = host.root.absolute()
    inside = Path(path).is_relative_to(root)
    return replace(found, path=f"/{Path(path).relative_to(root)}") if inside else found


def _found_compose(host: Host, labelled: list[str]) -> Iterator[install_files.ComposeFile]:
    """The compose files of the usual places, each once, without those of nvrstack's own."""
    homes = [f"/home/{name}" for name in rooted_files.names_in(host.root, "/home")]
    usual = [*labelled, *COMPOSE_DIRECTORIES, *(f"{home}/moonfire-nvr" for home in homes)]
    seen: set[Path | None] = set()
    for directory in dict.fromkeys([*usual, *_further(host, [*COMPOSE_PARENTS, *homes])]):
        try:
            place = rooted_files.resolved(host.root, directory)
            found = install_files.compose_file(host.root, directory)
            ours = rooted_files.read_start(host.root, f"{directory}/{SETTINGS}", 1) is not None
        except HostError:
            # What is not Moonfire's need not be readable.
            if directory in usual:
                raise
            continue
        named = found is not None and "moonfire" in found.text.lower()
        if found is not None and not ours and place not in seen and (named or directory in usual):
            seen.add(place)
            yield found


def _further(host: Host, parents: Iterable[str]) -> Iterator[str]:
    """Directories that may have a compose file, as many as a host has in practice."""
    for parent in parents:
        yield parent
        with suppress(HostError):
            names = rooted_files.names_in(host.root, parent)
            yield from (f"{parent}/{name}" for name in names[:MOST_DIRECTORIES])


def _added(override: str) -> Finding:
    return rules.COMPOSE_OVERRIDE(override=override)


def _units(host: Host, names: tuple[str, ...]) -> Iterator[Candidate]:
    """The units of the system; `names` are those of Moonfire's containers."""
    passwd = rooted_files.read_text(host.root, "/etc/passwd") or ""
    users, homes = users_of(passwd), homes_of(passwd)
    group = rooted_files.read_text(host.root, "/etc/group") or ""
    groups, members = groups_of(group), members_of(group)
    for unit in unit_files.services(host.root):
        reading = read_unit(
            unit.name, unit.text, unit.drop_ins, users, groups,
            text_of=_text_of(host), homes=homes, members=members, containers=names,
            triggers={trigger.name: trigger.text for trigger in unit.triggers},
        )  # fmt: skip
        if reading != Reading(None):
            comes_back = unit.enabled or any(trigger.enabled for trigger in unit.triggers)
            yield Candidate(unit.name, reading, comes_back or _runs(host, unit.name))


def _units_of_others(host: Host, names: tuple[str, ...]) -> Iterator[Candidate]:
    """Units of users' own managers, and podman's: nothing that a move can stop."""
    for one in unit_files.units_of_users(host.root):
        name = one.path.rpartition("/")[2]
        reading = read_unit(name, one.text, text_of=_text_of(host), containers=names)
        told = [
            replace(blocker, message=blocker.message.replace(name, one.path, 1))
            for blocker in reading.blockers
            if blocker.code == UNIT_OTHER_ENGINE.code
        ]
        if reading.install is not None or reading.blockers:
            blockers = tuple(told) or (UNIT_OF_USER(name=one.path, unit=name),)
            yield Candidate(one.path, Reading(None, blockers=blockers), one.enabled)
    for one in unit_files.quadlets(host.root):
        if "moonfire" in f"{one.path}{one.text}".lower():
            blocker = UNIT_OTHER_ENGINE(name=one.path, program="podman")
            yield Candidate(one.path, Reading(None, blockers=(blocker,)), one.enabled)


def _text_of(host: Host) -> TextOf:
    """The files of the host that an installation names, as far as this user may read them."""

    def read(path: str) -> str | None:
        try:
            return rooted_files.read_text(host.root, path) if path.startswith("/") else None
        except HostError:
            return None

    return read


def triggers(host: Host, units: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What starts any of the units beside itself. Raises HostError."""
    if _is_this_machine(host):
        found = {unit: systemd.triggers(unit) for unit in units}
    else:
        known = {unit.name: unit.triggers for unit in unit_files.services(host.root)}
        found = {unit: tuple(t.name for t in known.get(unit, ())) for unit in units}
    return {unit: names for unit, names in found.items() if names}


def _runs(host: Host, unit: str) -> bool:
    """Whether a unit of this very machine runs now."""
    if not _is_this_machine(host):
        return False
    state = systemd.state(unit)
    return state is not None and state.active


def _is_this_machine(host: Host) -> bool:
    return host.root == Path("/") and systemd.runs()

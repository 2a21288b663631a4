"""The unit files of a host, and what triggers them: read, and never changed."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nvrstack.host.rooted_files import link_of, names_in, read_text

UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""The first that has a unit counts, see systemd.unit(5)."""
OF_THE_OWNER = UNIT_DIRECTORIES[:2]
"""Where no package of the system puts any."""
OF_USERS = ("/etc/systemd/user", "/usr/local/lib/systemd/user")
QUADLETS = ("/etc/containers/systemd", "/usr/share/containers/systemd")
"""Where podman looks for files that become units, see podman-systemd.unit(5)."""
TRIGGERS = (".socket", ".timer", ".path")


@dataclass(frozen=True)
class Trigger:
    """A socket, timer or path that is there to start a unit, and whether it starts at boot."""

    name: str
    text: str
    enabled: bool


@dataclass(frozen=True)
class Unit:
    """A unit file with its drop-ins in the order of their names, and whether it starts at boot.

    One that is triggered may be started without that.
    """

    name: str
    text: str
    drop_ins: tuple[str, ...]
    enabled: bool
    triggers: tuple[Trigger, ...] = ()


@dataclass(frozen=True)
class Further:
    """A file of a user's own manager, or of podman's, by its whole path."""

    path: str
    text: str
    enabled: bool


def services(root: Path) -> tuple[Unit, ...]:
    """Every service that may have to do with Moonfire: the owner's own, and those that name it.

    An enabled instance of a template stands in the template's place.
    """
    found: dict[str, Unit] = {}
    texts = _texts(root, ".service")
    triggers = [each for kind in TRIGGERS for each in _texts(root, kind).items()]
    started = _started_at_boot(root)
    instances = [name for name in sorted(started) if _template(name) in texts and name not in texts]
    with_instance = {_template(name) for name in instances}
    for name in (*texts, *instances):
        if name in with_instance:
            continue
        directory, text = texts.get(name) or texts[_template(name)]
        drop_ins = _drop_ins(root, *dict.fromkeys((_template(name), name)))
        if directory in OF_THE_OWNER or "moonfire" in "".join([name, text, *drop_ins]).lower():
            found[name] = Unit(
                name,
                text,
                drop_ins,
                name in started,
                tuple(
                    Trigger(trigger, said, trigger in started)
                    for trigger, (_, said) in triggers
                    if _triggered(trigger, said) == name
                ),
            )
    return tuple(found.values())


def units_of_users(root: Path) -> Iterator[Further]:
    """The services of users' own managers, for all users or for one."""
    homes = [f"/home/{name}" for name in names_in(root, "/home")]
    mine = [f"{home}/.config/systemd/user" for home in (*homes, "/root")]
    for directory in (*OF_USERS, *mine):
        names = names_in(root, directory)
        groups = [each for each in names if each.endswith((".wants", ".requires"))]
        started = {each for group in groups for each in names_in(root, f"{directory}/{group}")}
        for name in names:
            text = read_text(root, f"{directory}/{name}") if name.endswith(".service") else None
            if text is not None:
                yield Further(f"{directory}/{name}", text, name in started)


def quadlets(root: Path) -> Iterator[Further]:
    """The containers that podman's generator makes units of."""
    homes = [f"/home/{name}" for name in names_in(root, "/home")]
    mine = [f"{home}/.config/containers/systemd" for home in (*homes, "/root")]
    for directory in (*QUADLETS, *mine):
        for name in names_in(root, directory):
            wanted = name.endswith((".container", ".kube"))
            text = read_text(root, f"{directory}/{name}") if wanted else None
            if text is not None:
                yield Further(f"{directory}/{name}", text, "WantedBy" in text)


def enabled_units(root: Path, names: Collection[str]) -> tuple[str, ...]:
    """Those of the units `names` that systemd starts at boot."""
    started = _started_at_boot(root)
    return tuple(name for name in names if name in started)


def _texts(root: Path, kind: str) -> dict[str, tuple[str, str]]:
    """The directory and text of each unit of a kind, by its name.

    A masked one, a link to /dev/null, hides those of later directories too.
    """
    seen: dict[str, tuple[str, str] | None] = {}
    for directory in UNIT_DIRECTORIES:
        for name in names_in(root, directory):
            if name.endswith(kind) and name not in seen and not _is_alias(root, directory, name):
                text = read_text(root, f"{directory}/{name}")
                seen[name] = None if text is None else (directory, text)
    return {name: found for name, found in seen.items() if found is not None}


def _is_alias(root: Path, directory: str, name: str) -> bool:
    """Whether a unit file is a link that gives another unit one more name."""
    target = link_of(root, PurePosixPath(directory, name))
    if target is None or target.suffix != PurePosixPath(name).suffix:
        return False
    same = _template(target.name) == _template(name)
    return not same and str((PurePosixPath(directory) / target).parent) in UNIT_DIRECTORIES


def _template(name: str) -> str:
    """The template that a unit is an instance of; other units are their own."""
    return re.sub(r"@.+(?=\.service$)", "@", name)


def _triggered(trigger: str, text: str) -> str:
    """The service that a trigger starts: the one it names, or the one of its own name."""
    named = re.findall(r"^\s*(?:Service|Unit)\s*=\s*(\S+)\s*$", text, re.MULTILINE)
    return str(named[-1]) if named else f"{trigger.rpartition('.')[0]}.service"


def _drop_ins(root: Path, *names: str) -> tuple[str, ...]:
    texts: dict[str, str] = {}
    for name in names:
        for directory in reversed(UNIT_DIRECTORIES):
            for file in names_in(root, f"{directory}/{name}.d"):
                text = read_text(root, f"{directory}/{name}.d/{file}")
                if file.endswith(".conf") and text is not None:
                    texts[file] = text
    return tuple(texts[file] for file in sorted(texts))


def _started_at_boot(root: Path) -> frozenset[str]:
    base = UNIT_DIRECTORIES[0]
    groups = [group for group in names_in(root, base) if group.endswith((".wants", ".requires"))]
    return frozenset(name for group in groups for name in names_in(root, f"{base}/{group}"))

"""Moonfire as a systemd unit, as upstream's guides had it before, beside and after Docker."""

import re
from collections.abc import Collection, Mapping, Sequence

from nvrstack.migration.docker.timezone import zone_of
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Install, Reading, TextOf, User, no_file
from nvrstack.migration.shell.wrappers import unwrapped
from nvrstack.migration.systemd import rules
from nvrstack.migration.systemd.apart import apart
from nvrstack.migration.systemd.socket_unit import sockets_of
from nvrstack.migration.systemd.started import container_finding, script_finding
from nvrstack.migration.systemd.unit_file import (
    Settings,
    environment_of,
    expanded,
    unit_settings,
    words,
)
from nvrstack.migration.systemd.unit_paths import (
    specified,
    specifiers,
    whole_paths,
    working_directory,
)

MODELLED = frozenset(
    {
        "Service.Environment", "Service.EnvironmentFile", "Service.ExecStart", "Service.Group",
        "Service.Restart", "Service.User",
    }
)  # fmt: skip
WITHOUT_MEANING = frozenset(
    {
        "Install.WantedBy", "Service.NotifyAccess", "Service.TimeoutStartSec", "Service.Type",
        "Unit.After", "Unit.Description", "Unit.Documentation", "Unit.Wants",
    }
)  # fmt: skip
"""How systemd starts a process; Compose has ways of its own."""
SPECIFIED = ("EnvironmentFile", "Group", "User", "WorkingDirectory")
"""The settings whose specifiers matter, beside those of several words."""
DIRECTORY = "Service.WorkingDirectory"
GROUPS = "Service.SupplementaryGroups"
"""Beside those that the system's own files give the user (systemd.exec(5))."""

NAMED = re.compile(r"moonfire-nvr(-v?[0-9].*)?")
"""The program, and as its releases are called."""
STARTED = re.compile(r"moonfire-nvr\S*\s+(run\b|--)")
"""Where a command line speaks of the program as one that is started."""
SHELLS = frozenset({"sh", "bash", "dash"})
MOST_WRAPPERS = 5


def read_unit(
    name: str,
    unit: str,
    drop_ins: Sequence[str] = (),
    users: Mapping[str, User] | None = None,
    groups: Mapping[str, int] | None = None,
    text_of: TextOf = no_file,
    homes: Mapping[str, str] | None = None,
    members: Mapping[str, tuple[str, ...]] | None = None,
    containers: Collection[str] = (),
    triggers: Mapping[str, str] | None = None,
) -> Reading:
    """The install that the unit `name` (`moonfire-nvr.service`) describes.

    `drop_ins` are the texts of `NAME.d/*.conf` in the order of their names, `users` and `groups`
    those of passwd(5) and group(5), `version` what the program says of itself. `text_of` reads
    the files that `EnvironmentFile=` names. `homes` are the users' home directories,
    `members` the groups in which group(5) names each. `containers` are those of Moonfire that the
    engine has; `triggers` are the texts of the sockets, timers and paths that start the unit.
    """
    known = specifiers(name)
    settings = _settings([unit, *drop_ins], known, homes or {}, members or {})
    commands = settings.get("Service.ExecStart", ())
    environment, unread = _environment(settings, text_of, known)
    directory = settings.get(DIRECTORY, ("/",))[-1]
    for each in commands:
        _, inner, _ = _taken_apart(each, known)
        started = container_finding(
            name, expanded(inner, environment), directory, text_of, containers
        )
        if started is not None:
            return Reading(None, blockers=(started,))
    command, inner, around = _taken_apart(commands[-1] if commands else "", known)
    if not inner or not NAMED.fullmatch(inner[0].rpartition("/")[2]):
        if STARTED.search(" ".join(command[1:])):
            return Reading(None, blockers=(_not_understood(name, commands[-1]),))
        unread_script = script_finding(name, inner, directory, text_of)
        return Reading(None, blockers=(unread_script,) if unread_script else ())
    inner = expanded(inner, environment)
    if inner[1:2] and inner[1] != "run" and not inner[1].startswith("-"):
        return Reading(None)
    if name.endswith("@.service"):
        prefix = name.removesuffix("@.service")
        return Reading(None, blockers=(rules.UNIT_TEMPLATE(name=name, prefix=prefix),))
    warnings: list[Finding] = []
    if around:
        warnings.append(rules.UNIT_WRAPPER(name=name, around=" ".join(around)))
    if triggers:
        warnings.append(rules.UNIT_TRIGGERED(name=name, triggers=" and ".join(triggers)))
    install = Install(
        source="systemd",
        image="",
        version=None,
        container_name=name.removesuffix(".service"),
        user=_user(settings, users or {}, groups or {}, warnings),
        timezone=zone_of(environment.pop("TZ", None)),
        environment=environment,
        network="host",
        restart=settings.get("Service.Restart", (None,))[-1],
        server_args=whole_paths(
            inner[2:] if inner[1:2] == ("run",) else inner[1:],
            directory,
        ),
        other_options={
            key: _numbered(key, values, groups or {})
            for key, values in settings.items()
            if key not in MODELLED | WITHOUT_MEANING
        }
        | ({"Service.EnvironmentFile": unread} if unread else {}),
        sockets=sockets_of(triggers or {}),
    )
    return Reading(install, tuple(warnings), apart(name, settings, users or {}))


def _settings(
    texts: Sequence[str],
    known: Mapping[str, str],
    homes: Mapping[str, str],
    members: Mapping[str, tuple[str, ...]],
) -> dict[str, tuple[str, ...]]:
    """The settings, with the specifiers in place that are `known`, and what the user brings."""
    found = dict(unit_settings(texts))
    for key in (f"Service.{name}" for name in SPECIFIED):
        if key in found:
            found[key] = tuple(specified(value, known) for value in found[key])
    user = found.get("Service.User", ("root",))[-1]
    if members.get(user):
        found[GROUPS] = (*found.get(GROUPS, ()), *members[user])
    if DIRECTORY in found:
        home = homes.get(user)
        found[DIRECTORY] = (working_directory(found[DIRECTORY][-1], home),)
    return found


def _taken_apart(
    line: str, known: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The words of `ExecStart=`, those that are left without what starts them, and the latter."""
    written = words(re.sub(r"^[-@:+!|]+", "", line))
    command = tuple(specified(word, known) for word in written)
    return command, *_bare(command)


def _bare(command: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A command without the programs that start it, such as nice(1) or a shell, and those."""
    around: list[str] = []
    inner = command
    for _ in range(MOST_WRAPPERS):
        if inner[1:2] == ("-c",) and inner[0].rpartition("/")[2] in SHELLS and len(inner) > 2:
            rest: tuple[str, ...] = words(inner[2])
            around += inner[:2]
        else:
            found = unwrapped(inner) if inner else None
            if found is None:
                break
            rest = tuple(map(str, found))
            around += inner[: len(inner) - len(rest)]
        inner = rest
    return inner, tuple(around)


def _not_understood(name: str, command: str) -> Finding:
    return rules.UNIT_NOT_UNDERSTOOD(name=name, command=command)


def _environment(
    settings: Settings, text_of: TextOf, known: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The variables, and the files that could not be read. What files set counts (systemd.exec)."""
    pairs = [
        specified(word, known).partition("=")
        for line in settings.get("Service.Environment", ())
        for word in words(line)
    ]
    found = {name: value for name, _, value in pairs}
    unread = []
    for path in settings.get("Service.EnvironmentFile", ()):
        text = text_of(path.removeprefix("-"))
        if text is not None:
            found |= environment_of(text)
        elif not path.startswith("-"):
            unread.append(path)
    return found, tuple(unread)


def _numbered(key: str, values: tuple[str, ...], groups: Mapping[str, int]) -> tuple[str, ...]:
    """Groups by their ids, since an image knows no names of the host's."""
    if key != GROUPS:
        return values
    names = [name for value in values for name in value.split()]
    return tuple(dict.fromkeys(str(groups.get(name, name)) for name in names))


def _user(
    settings: Settings,
    users: Mapping[str, User],
    groups: Mapping[str, int],
    warnings: list[Finding],
) -> User | None:
    name = settings.get("Service.User", ("root",))[-1]
    group = settings.get("Service.Group", ("",))[-1]
    user = users.get(name)
    if user is None and name.isdecimal():
        user = User(int(name), int(name))
    if user is None and name == "root":
        user = User(0, 0)
    gid = int(group) if group.isdecimal() else groups.get(group) if group else None
    if user is None or (group and gid is None):
        missing = name if user is None else group
        warnings.append(rules.USER_UNKNOWN(missing=missing))
        return None
    return user if gid is None else User(user.uid, gid)

"""Units that run with files, or as a user, that this host does not know outside of them."""

from collections.abc import Mapping

from nvrstack.migration.findings import Finding
from nvrstack.migration.install import User
from nvrstack.migration.systemd import rules
from nvrstack.migration.systemd.unit_file import Settings

ROOTS = frozenset({"RootDirectory", "RootImage"})
OTHER_FILES = (*sorted(ROOTS), "BindPaths", "BindReadOnlyPaths", "MountImages")
"""What gives a unit's processes a view of the files of its own (systemd.exec(5), "Paths")."""
YES = frozenset({"1", "yes", "y", "true", "t", "on"})


def apart(name: str, settings: Settings, users: Mapping[str, User]) -> tuple[Finding, ...]:
    """What keeps a unit from being moved as it is."""
    found = []
    values = {key: settings.get(f"Service.{key}", ()) for key in OTHER_FILES}
    keys = [
        f"{key}="
        for key, lines in values.items()
        if (lines[-1:] not in {(), ("/",)} if key in ROOTS else any(map(_leads_elsewhere, lines)))
    ]
    if keys:
        found.append(rules.UNIT_OTHER_FILES(name=name, keys=" and ".join(keys)))
    dynamic = settings.get("Service.DynamicUser", ("no",))[-1].lower()
    # A user of that name who is there already is taken.
    if dynamic in YES and settings.get("Service.User", ("",))[-1] not in users:
        found.append(rules.UNIT_DYNAMIC_USER(name=name))
    return tuple(found)


def _leads_elsewhere(value: str) -> bool:
    """Whether one of several `SOURCE:PATH` is another path of the host's; a path alone is not."""
    pairs = [word.removeprefix("-").split(":") for word in value.split()]
    return any(len(pair) > 1 and pair[0] != pair[1] for pair in pairs)

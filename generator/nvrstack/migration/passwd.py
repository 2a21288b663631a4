"""The users and groups of a host, from the texts of its passwd(5) and group(5) files."""

from nvrstack.migration.install import User


def users_of(passwd: str) -> dict[str, User]:
    """The users of a passwd(5) file with their ids."""
    found = {}
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) >= 4 and fields[2].isdecimal() and fields[3].isdecimal():
            found[fields[0]] = User(int(fields[2]), int(fields[3]))
    return found


def homes_of(passwd: str) -> dict[str, str]:
    """The home directories of the users of a passwd(5) file."""
    lines = (line.split(":") for line in passwd.splitlines())
    return {f[0]: f[5] for f in lines if len(f) >= 6 and f[5]}


def groups_of(group: str) -> dict[str, int]:
    """The groups of a group(5) file with their ids."""
    lines = (line.split(":") for line in group.splitlines())
    return {f[0]: int(f[2]) for f in lines if len(f) >= 3 and f[2].isdecimal()}


def members_of(group: str) -> dict[str, tuple[str, ...]]:
    """The groups of each user that a group(5) file names in them."""
    found: dict[str, tuple[str, ...]] = {}
    for fields in (line.split(":") for line in group.splitlines()):
        for user in fields[3].split(",") if len(fields) == 4 else ():
            found[user.strip()] = (*found.get(user.strip(), ()), fields[0])
    return found

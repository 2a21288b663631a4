"""Whom a container runs as."""

from nvrstack.migration.install import User


def numeric_user(text: str) -> User | None:
    """The ids in `UID[:GID]`; None for a name, which only an image can translate.

    A uid alone goes with the group 0 where the image has no such user.
    """
    uid, _, gid = text.partition(":")
    numeric = uid.isdecimal() and (gid or "0").isdecimal()
    return User(int(uid), int(gid or "0")) if numeric else None

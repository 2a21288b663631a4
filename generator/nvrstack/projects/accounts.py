"""Who may sign in to a project's Moonfire."""

import contextlib
from pathlib import Path

from nvrstack.errors import InputError
from nvrstack.host.moonfire.users import Encoding, Users, users
from nvrstack.services import passwords
from nvrstack.settings.model import Settings


def accounts(project: Path, settings: Settings) -> contextlib.AbstractContextManager[Users]:
    """The accounts of the project in a directory. Raises HostError."""
    encoding = Encoding(
        passwords.password_hash, passwords.permission_bytes, passwords.permissions_of
    )
    moonfire = settings.moonfire
    return users(project / moonfire.state_dir, moonfire.uid, moonfire.gid, encoding)


def check_name(name: str) -> None:
    """Raise InputError for a user name that Moonfire or a person could not use."""
    if not name.strip() or name != name.strip() or not name.isprintable() or set(name) & set('"\\'):
        raise InputError(
            f"{name!r} is not usable as a user name",
            'use letters, digits and ordinary signs, without " and \\ or spaces around it',
        )

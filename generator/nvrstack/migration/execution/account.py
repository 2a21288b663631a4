"""The account of somebody who can sign in afterwards, where the old Moonfire had nobody."""

from dataclasses import dataclass

from nvrstack.host.moonfire.users import Encoding, users
from nvrstack.migration.execution.work import Work
from nvrstack.services import passwords

PASSWORD = "first_user_password"  # noqa: S105 - the name of a secret, not one


@dataclass(frozen=True)
class FirstAccount:
    """Makes the account that the owner asked for, with every permission.

    It is a row of the database that old and new share, so a way back leaves it there: it lets
    nobody in who does not know its password.
    """

    work: Work
    name: str

    def done(self) -> bool:
        """Never certain: Moonfire itself is asked."""
        return False

    def do(self) -> str | None:
        """Make it, if it is not there already."""
        move, moonfire = self.work.move, self.work.settings.moonfire
        state = self.work.project / moonfire.state_dir
        encoding = Encoding(
            passwords.password_hash, passwords.permission_bytes, passwords.permissions_of
        )
        with users(state, moonfire.uid, moonfire.gid, encoding) as found:
            if all(user.name != self.name for user in found.all()):
                password = move.secrets[PASSWORD]
                found.add(self.name, password, frozenset(passwords.PERMISSIONS))
        return f"Sign in as {self.name}."

    def undo(self) -> str | None:
        """Leave it: the old Moonfire does not ask anybody who they are."""

"""The account of somebody who can sign in afterwards, where the old Moonfire had nobody."""

from dataclasses import dataclass

from nvrstack.migration.execution.work import Work
from nvrstack.projects.accounts import accounts
from nvrstack.services.passwords import PERMISSIONS
from nvrstack.settings.secrets import FIRST_USER


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
        with accounts(self.work.project, self.work.settings) as found:
            if all(user.name != self.name for user in found.all()):
                password = self.work.move.secrets[FIRST_USER.name]
                found.add(self.name, password, frozenset(PERMISSIONS))
        return f"Sign in as {self.name}."

    def undo(self) -> str | None:
        """Leave it: the old Moonfire does not ask anybody who they are."""

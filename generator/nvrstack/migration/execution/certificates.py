"""Certbot's certificates and accounts, copied from the host into the project."""

from dataclasses import dataclass
from pathlib import Path

from nvrstack.host.lineages import Lineage, copy_lineages
from nvrstack.migration.execution.work import Work
from nvrstack.projects.create import file_owner

LETSENCRYPT = "data/letsencrypt"


@dataclass(frozen=True)
class Certificates:
    """Copies the lineages that the project takes over, all of them or none."""

    work: Work

    def done(self) -> bool:
        """Whether the copies are there: they come into being all at once."""
        renewals = self.work.project / LETSENCRYPT / "renewal"
        return all((renewals / f"{one.name}.conf").exists() for one in self.work.move.certificates)

    def do(self) -> str | None:
        """Copy them."""
        source, target = Path(self.work.move.letsencrypt), self.work.project / LETSENCRYPT
        owner = file_owner(self.work.settings)
        lineages = [
            Lineage(one.source, one.name, one.renewal, one.account)
            for one in self.work.move.certificates
        ]
        copy_lineages(source, target, lineages, owner)
        return None

    def undo(self) -> str | None:
        """They go aside with the project's files."""

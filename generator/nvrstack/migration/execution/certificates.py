"""Certbot's certificates and accounts, copied from the host into the project."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from nvrstack.errors import HostError
from nvrstack.host.apply import refused, sync
from nvrstack.host.rights import hand_over
from nvrstack.migration.execution.work import Work
from nvrstack.migration.plan.move import Certificate

LETSENCRYPT = "data/letsencrypt"
BEING_COPIED = "data/letsencrypt.copying"
NUMBERED = re.compile(r"[a-z]+([0-9]+)\.pem")


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
        source = Path(self.work.move.letsencrypt)
        target, copy = self.work.project / LETSENCRYPT, self.work.project / BEING_COPIED
        try:
            shutil.rmtree(copy, ignore_errors=True)
            copy.mkdir(mode=0o700)
            for one in self.work.move.certificates:
                _copy_lineage(source, copy, one)
            if os.geteuid() == 0:
                project = self.work.settings.project
                hand_over(copy, (project.uid, project.gid))
            for path in (copy, *copy.rglob("*")):
                if not path.is_symlink():
                    sync(path)
            # Onto the empty directory that the project has, as rename(2) allows.
            copy.replace(target)
            sync(target.parent)
        except FileNotFoundError as error:
            raise HostError(
                f"{error.filename}: is not there any more", "plan the move again"
            ) from error
        except OSError as error:
            raise refused(target, error, "the host's own certificates are as they were") from error
        return None

    def undo(self) -> str | None:
        """They go aside with the project's files."""


def _copy_lineage(source: Path, target: Path, one: Certificate) -> None:
    """Copy one lineage as certbot lays it out: the links in `live` lead to its `archive`.

    https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates
    """
    links = sorted((source / "live" / one.source).glob("*.pem"))
    archive = _private(target / "archive") / one.name
    live = _private(target / "live") / one.name
    if (source / "archive" / one.source).exists() or any(link.is_symlink() for link in links):
        shutil.copytree(source / "archive" / one.source, archive)
    for folder in (archive, live):
        folder.mkdir(mode=0o700, exist_ok=True)
    numbers = [int(found[1]) for file in archive.iterdir() if (found := NUMBERED.match(file.name))]
    for link in links:
        # A plain file, as a copy that followed the link leaves it, becomes the newest one.
        plain = f"{link.stem}{max(numbers, default=0) + 1}.pem"
        inside = link.readlink().name if link.is_symlink() else plain
        if not (archive / inside).exists():
            shutil.copy2(link, archive / inside)
        (live / link.name).symlink_to(f"../../archive/{one.name}/{inside}")
    if one.account is not None:
        account = target / "accounts" / one.account
        if not account.exists():
            _private(account.parent)
            shutil.copytree(source / "accounts" / one.account, account)
    renewal = _private(target / "renewal") / f"{one.name}.conf"
    renewal.write_text(one.renewal, encoding="utf-8")


def _private(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory

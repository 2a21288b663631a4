"""Certbot's certificates and accounts, copied as certbot lays them out.

https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates
"""

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nvrstack.errors import HostError
from nvrstack.host import atomic
from nvrstack.host.atomic import Owner, refused
from nvrstack.host.rights import hand_over

NUMBERED = re.compile(r"[a-z]+([0-9]+)\.pem")
COPYING = ".copying"
"""What the copy's name has at its end until it is whole."""


@dataclass(frozen=True)
class Lineage:
    """What to copy: the lineage `source` under the name `name`, with another renewal file.

    `account` is the path of its account below `accounts`.
    """

    source: str
    name: str
    renewal: str
    account: str | None


def copy_lineages(
    source: Path, target: Path, lineages: Iterable[Lineage], owner: Owner | None
) -> None:
    """Copy lineages into the empty directory `target`, all of them or none. Raises HostError."""
    copy = target.with_name(target.name + COPYING)
    try:
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(mode=0o700)
        for one in lineages:
            _copy_lineage(source, copy, one)
        if owner is not None:
            hand_over(copy, owner)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                atomic.sync(path)
        # Onto the empty directory, as rename(2) allows.
        atomic.rename(copy, target)
    except FileNotFoundError as error:
        raise HostError(
            f"{error.filename}: is not there any more", "plan the move again"
        ) from error
    except OSError as error:
        raise refused(target, error, "the host's own certificates are as they were") from error


def _copy_lineage(source: Path, target: Path, one: Lineage) -> None:
    """Copy one lineage, in which the links in `live` lead to its `archive`."""
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

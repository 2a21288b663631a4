"""The symbolic links that make systemd know a unit, and start it at boot.

`systemctl disable` removes every link to a unit, even those that `systemctl link` and `systemctl
add-wants` made, and `systemctl enable` makes only those that the unit itself asks for. So whoever
disables a unit for a while writes its links down before.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from nvrstack.errors import HostError
from nvrstack.host import atomic
from nvrstack.host.atomic import refused

ADMINISTRATORS = Path("/etc/systemd/system")
"""Where systemctl makes links, see systemd.unit(5)."""
DEPENDENCIES = (".wants", ".requires", ".upholds")


def links_to(unit: str) -> dict[str, str]:
    """The links that lead to a unit: their paths, and what stands in each. Raises HostError.

    They are the unit's own, where its file is elsewhere, other names for it, and those by which
    other units want it.
    """
    try:
        found = {path: str(path.readlink()) for path in _links()}
    except OSError as error:
        raise refused(ADMINISTRATORS, error) from error
    names = {unit}
    # A link may go by another name of the unit, which is a link too.
    while more := {path.name for path, to in found.items() if Path(to).name in names} - names:
        names |= more
    return {str(path): to for path, to in found.items() if path.name in names}


def restore_links(links: Mapping[str, str]) -> None:
    """Make links as they were; systemd has to be told. Raises HostError.

    A file that is there by now instead of a link is somebody's own, and stays.
    """
    for path, to in links.items():
        _restore(Path(path), to)


def _links() -> Iterator[Path]:
    folders = [ADMINISTRATORS]
    if ADMINISTRATORS.is_dir():
        folders += [path for path in ADMINISTRATORS.iterdir() if path.suffix in DEPENDENCIES]
    for folder in folders:
        if folder.is_dir():
            yield from (path for path in sorted(folder.iterdir()) if path.is_symlink())


def _restore(link: Path, to: str) -> None:
    if link.is_symlink() and str(link.readlink()) == to:
        return
    if os.path.lexists(link) and not link.is_symlink():
        raise HostError(
            f"{link}: is a file by now, and was a link to {to}",
            "move the file away if the link is right, then go on with the rollback",
        )
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        atomic.link(link, to)
    except OSError as error:
        raise refused(link, error) from error

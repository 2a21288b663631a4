"""Who owns a project and may enter its directories: what is not as the settings want it."""

import shlex
from collections.abc import Sequence
from stat import S_IMODE

from nvrstack.errors import HostError
from nvrstack.host.atomic import refused
from nvrstack.host.rights import hand_over, is_root
from nvrstack.projects.project import LoadedProject
from nvrstack.rendering.layout import directories
from nvrstack.rendering.rights import Handover, Narrowing, Owners, handovers, narrowings

Right = Narrowing | Handover


def needed(project: LoadedProject, given: Owners | None) -> tuple[Right, ...]:
    """What has to change; `given` says whom everything was given to last."""
    paths = {wanted.path for wanted in directories(project.settings, project.stack)}
    found = {path: project.directory / path for path in paths}
    modes = {name: S_IMODE(path.stat().st_mode) for name, path in found.items() if path.is_dir()}
    return (
        *narrowings(project.settings, project.stack, modes),
        *handovers(given, project.settings, project.stack),
    )


def check_permitted(project: LoadedProject, rights: Sequence[Right]) -> None:
    """Raise HostError when files are to change hands and this is not root."""
    given = [right for right in rights if isinstance(right, Handover)]
    if given and not is_root():
        command = shlex.join(["nvrstack", "--project", str(project.directory), "render"])
        raise HostError(
            "only root can give files to another owner; nothing was changed\n"
            + "\n".join(f"  {right}" for right in given),
            f"run `sudo {command}`, or set the ids back",
        )


def carry_out(project: LoadedProject, rights: Sequence[Right]) -> None:
    """Give everything to its new owner. What is cut short can be done again."""
    for right in rights:
        if isinstance(right, Handover):
            top = project.directory / right.path
            try:
                hand_over(top, right.owner, {project.directory / path for path in right.without})
            except OSError as error:
                raise refused(top, error, "`nvrstack render` completes what is left") from error

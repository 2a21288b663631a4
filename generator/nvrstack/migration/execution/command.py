"""The `nvr` command: a script for the project in the place of the old one."""

from dataclasses import dataclass
from pathlib import Path

from nvrstack.host import atomic
from nvrstack.host.atomic import refused
from nvrstack.host.file_copies import put_back
from nvrstack.migration.execution.work import Work
from nvrstack.rendering.templates import environment

TEMPLATE = "migration/nvr.j2"


def command_text(project: str) -> str:
    """The new script: upstream's words, through the project's Compose file. Pure."""
    return environment().get_template(TEMPLATE).render(project=project)


@dataclass(frozen=True)
class Command:
    """Replaces the script; the old one was kept."""

    work: Work
    script: Path

    def done(self) -> bool:
        """Whether the new one is there."""
        try:
            return self.script.read_text(encoding="utf-8") == self._text()
        except (OSError, UnicodeDecodeError):
            return False

    def do(self) -> str | None:
        """Put the new one into its place, with the mode and the owner of the old one."""
        try:
            status = self.script.stat()
            owner = (status.st_uid, status.st_gid)
            atomic.write(self.script, self._text().encode(), status.st_mode & 0o777, owner)
        except OSError as error:
            raise refused(self.script, error, "the old script is still there") from error
        return None

    def undo(self) -> str | None:
        """Put the old one back."""
        put_back(self.script, self.work.kept)
        return None

    def _text(self) -> str:
        return command_text(str(self.work.project))

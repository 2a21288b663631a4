"""What every action of a move works with."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nvrstack.host.docker import engine
from nvrstack.migration.plan.move import Move
from nvrstack.rendering.context import Addresses
from nvrstack.settings.model import Settings

OWN = ".nvrstack/move"
"""What a move keeps, below the project directory: private, and gone only with the project."""
FOUND = "found"
"""Within it, what was found of the old system: copies of files, definitions, the database."""
MOONFIRE = "moonfire-nvr"


@dataclass(frozen=True)
class Work:
    """A move with its settings as values.

    `write_project` makes the project's files as `nvrstack init` does. `lend` are descriptors that
    programs started here keep open, so that the next nvrstack can wait for their end.
    """

    move: Move
    settings: Settings
    write_project: Callable[[], None]
    lend: tuple[int, ...] = ()

    @property
    def project(self) -> Path:
        """The project directory."""
        return Path(self.move.project)

    @property
    def own(self) -> Path:
        """Where the move keeps what it may need again."""
        return self.project / OWN

    @property
    def kept(self) -> Path:
        """The copies of the host's files, each below it under its own path."""
        return self.found / "files"

    @property
    def found(self) -> Path:
        """What was found of the old system."""
        return self.own / FOUND

    @property
    def addresses(self) -> Addresses:
        """The fixed addresses on the backend network."""
        subnet = self.settings.network.backend_subnet
        return Addresses(nginx=subnet[2], moonfire=subnet[3])

    def compose(self, *arguments: str, files: tuple[Path, ...] = ()) -> str:
        """Run `docker compose` in the project. Raises HostError."""
        return engine.compose(self.project, *arguments, files=files, lend=self.lend)

    @property
    def files(self) -> tuple[Path, ...]:
        """The compose files of the project, in the order in which Compose merges them."""
        names = ("compose.yaml", "compose.override.yaml")
        return tuple(self.project / name for name in names if (self.project / name).exists())

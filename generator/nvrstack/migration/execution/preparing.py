"""The steps before anything of the old system is touched: checks, copies, the project's files."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nvrstack.errors import HostError
from nvrstack.host.apply import JOURNAL, KEPT, make_directory, recover, set_aside
from nvrstack.host.docker import containers
from nvrstack.host.file_copies import keep, keep_all, write_private
from nvrstack.host.systemd import unit_links
from nvrstack.host.systemd import units as systemd
from nvrstack.migration.execution.old_moonfire import DEFINITION
from nvrstack.migration.execution.preflight import problems
from nvrstack.migration.execution.units import LINKS, STATES, states_text
from nvrstack.migration.execution.work import Work
from nvrstack.rendering.manifest import MANIFEST

NGINX = Path("/etc/nginx")
UNDONE = f"{KEPT}/undone"


@dataclass(frozen=True)
class Preflight:
    """Looks once more, now that nobody else can move anything."""

    work: Work

    def done(self) -> bool:
        """Never certain: the host may have changed."""
        return False

    def do(self) -> str | None:
        """Raise HostError with everything that stands in the way."""
        found = problems(self.work)
        if found:
            raise HostError(
                "this host is not ready for the move\n" + "\n".join(f"  {p}" for p in found),
                "mend what is listed, then start again",
            )
        return None

    def undo(self) -> str | None:
        """There is nothing to take back."""


@dataclass(frozen=True)
class Backup:
    """Keeps copies of the host's files, and how containers and units stood."""

    work: Work

    def done(self) -> bool:
        """Never certain: a file that was kept is not copied again anyway."""
        return False

    def do(self) -> str | None:
        """Copy whatever has not been yet."""
        move = self.work.move
        # The copies have their own modes; what nobody else may reach are the directories above.
        make_directory(self.work.found, 0o700, None)
        nginx = move.nginx.site_files if move.nginx else ()
        # A script that is a link is replaced where it really is.
        script = (Path(move.script).resolve(),) if move.script else ()
        config = (Path(move.config),) if move.config else ()
        for file in (*script, *config, *map(Path, (*nginx, *move.renewal_files))):
            keep(file, self.work.kept)
        if move.nginx and not move.nginx.site_files:
            keep_all(NGINX, self.work.kept)
        if move.has_container:
            found = containers.inspect(move.install.container_name)
            if found is not None:
                _write_once(self.work.found / DEFINITION, json.dumps(found, indent=1))
        if systemd.runs():
            self._keep_units(move.units)
        return None

    def undo(self) -> str | None:
        """The copies stay."""

    def _keep_units(self, units: tuple[str, ...]) -> None:
        states = {unit: systemd.state(unit) for unit in units}
        known = {unit: state for unit, state in states.items() if state is not None}
        for unit in known:
            for file in systemd.files(unit):
                # A unit may be a link to a file elsewhere.
                for path in {file, file.resolve()}:
                    keep(path, self.work.kept)
        links = {unit: unit_links.links_to(unit) for unit in known}
        _write_once(self.work.found / LINKS, json.dumps(links, indent=1))
        _write_once(self.work.found / STATES, states_text(known))


@dataclass(frozen=True)
class Project:
    """Writes the project directory."""

    work: Work

    def done(self) -> bool:
        """Never certain: what is written again is the same."""
        return False

    def do(self) -> str | None:
        """Write it, or complete what was begun."""
        recover(self.work.project)
        self.work.write_project()
        return None

    def undo(self) -> str | None:
        """Move everything into a folder of its own: certificates may have come since.

        Raises HostError as long as a container may still use these files.
        """
        project = self.work.project
        # What tells of these files goes with them.
        names = [path for path in project.iterdir() if path.name != KEPT]
        names += [path for path in (project / MANIFEST, project / JOURNAL) if path.exists()]
        if not names:
            return None
        left = containers.of_project(self.work.settings.project.name)
        if left:
            raise HostError(
                f"the files in {project} are still used by {', '.join(left)}",
                "go on once the Docker Engine removes them: nvrstack migrate rollback",
            )
        aside = project / UNDONE / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}"
        set_aside(names, project, aside)
        return f"The project's files are in {aside} now."


def _write_once(place: Path, text: str) -> None:
    """Write down what was found, unless it was before: by now it may have been changed."""
    if not place.exists():
        write_private(place, text)

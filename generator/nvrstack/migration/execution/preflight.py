"""What of this host stands in the way of a move. Nothing is changed by looking."""

from collections.abc import Iterator
from pathlib import Path

from nvrstack.host.disks import free_bytes
from nvrstack.host.docker import containers, engine
from nvrstack.host.moonfire.database_copy import NAME, PARTS
from nvrstack.host.network.sockets import listeners, programs
from nvrstack.host.rights import is_root, may_read, may_write
from nvrstack.host.systemd import units as systemd
from nvrstack.migration.execution.work import Work
from nvrstack.migration.plan.move import Move

SPARE_BYTES = 64 * 1024 * 1024
UPGRADE_FACTOR = 4
"""Times the database's size (upstream: guide/schema.md)."""


def problems(work: Work) -> list[str]:
    """Everything that stands in the way, in words."""
    problem = engine.engine_problem()
    if problem:
        return [problem]
    if work.move.rootless:
        return [engine.ROOTLESS]
    return [*_old_system(work.move), *_project(work), *_database(work), *_ports(work), *_room(work)]


def reasons_for_root(move: Move) -> Iterator[str]:
    """Why this move needs root, a line for each reason; none where it does not."""
    if is_root():
        return
    if not may_read(Path(move.database) / NAME):
        yield f"you may not read the database in {move.database}"
    if move.unit or move.renewal_units or move.ddclient_units or move.nginx:
        yield "only root may stop and disable services of this host"
    elif move.renewal_files:
        yield f"only root may take {move.renewal_files[0]} away from where it is"
    if move.certificates:
        yield f"only root may read the keys in {move.letsencrypt}"
    if move.script and not may_write(Path(move.script).parent):
        yield f"only root may replace {move.script}"


def _old_system(move: Move) -> Iterator[str]:
    if move.unit:
        if not systemd.runs():
            yield f"systemd is not the first process here, so {move.unit} cannot be stopped"
        elif systemd.state(move.unit) is None:
            yield f"systemd does not know {move.unit} any more; plan the move again"
        return
    name = move.install.container_name
    found = containers.inspect(name)
    if found is None:
        yield f"there is no container {name} any more; plan the move again"
    elif found["HostConfig"].get("AutoRemove"):
        yield (
            f"the container {name} was made with --rm, so it is gone once it stops, and there "
            "would be no way back; make it again without --rm"
        )
    if containers.inspect(move.kept_name) is not None:
        yield f"there is a container {move.kept_name} already; rename it: docker rename"


def _project(work: Work) -> Iterator[str]:
    """Containers that Compose would take for the new project's own, and replace."""
    name = work.settings.project.name
    others = containers.of_project(name)
    if others:
        yield (
            f"{', '.join(others)} belong to a Compose project called {name} too; plan again with "
            "--set project.name=NAME"
        )


def _database(work: Work) -> Iterator[str]:
    state = (work.project / work.settings.moonfire.state_dir).resolve()
    database = Path(work.move.database)
    if state != database.resolve().parent:
        yield f"moonfire.state_dir is {state}, but the database is in {database}"
    elif state.is_relative_to(work.project):
        yield f"{state} is inside of the new project; choose another place for the project"
    if not (database / NAME).exists():
        yield f"{database}: there is no database; plan the move again"


def _ports(work: Work) -> Iterator[str]:
    """The ports that nginx needs and somebody has who will not go away."""
    site = work.settings.site
    wanted = {site.http_port, site.https_port}
    found = listeners(ports=wanted)
    addresses = set(site.bind)
    owners = programs({one.inode for one in found})
    for port in sorted(wanted):
        holders = {
            owners.get(one.inode, "another program")
            for one in found
            if one.takes(port)
            and (not addresses or one.address.is_unspecified or one.address in addresses)
        }
        if work.move.nginx:
            holders.discard("nginx")
        if holders:
            yield (
                f"port {port} is taken by {' and '.join(sorted(holders))}; stop it, or set "
                f"site.{'http' if port == site.http_port else 'https'}_port"
            )


def _room(work: Work) -> Iterator[str]:
    place = next(path for path in (work.project, *work.project.parents) if path.exists())
    database = Path(work.move.database)
    parts = [database / part for part in PARTS]
    try:
        size = sum(part.stat().st_size for part in parts if part.exists())
        needed = size + SPARE_BYTES
        free = free_bytes(place)
        beside = free_bytes(database)
    except OSError as error:
        yield f"{error.filename or database}: {error.strerror or error}"
        return
    if free < needed:
        yield (
            f"{place} has room for {free // 1024**2} MiB; the copy of the database and the project "
            f"need {needed // 1024**2} MiB"
        )
    if work.move.upgrades_schema and beside < UPGRADE_FACTOR * size:
        yield (
            f"{database} has room for {beside // 1024**2} MiB; the upgrade of the database may "
            f"need {UPGRADE_FACTOR * size // 1024**2} MiB"
        )

"""A booted host that has the bed's engine: it takes it over, with all its images and containers.

It boots in the engine's network namespace, so that whatever is around the engine is around it, and
the engine is its `docker.service`. A power cut ends both, and a boot brings both back.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bed import cgroups, engine, network
from tests.bed.booted import BootedHost, own_programs
from tests.bed.paths import cache_dir, engine_dir, made
from tests.bed.process import BedError, wait_for

DROP_IN = Path("etc/systemd/system/docker.service.d/bed.conf")
WANTED = Path("etc/systemd/system/multi-user.target.wants/docker.service")
STATE = Path("/run/bed-engine")
ENGINE_SECONDS = 60.0


@contextmanager
def engine_host(shares: Sequence[Path]) -> Iterator[BootedHost]:
    """Let a host boot that has the bed's engine; afterwards the bed has it again.

    `shares` are directories that it sees under the same paths,
    beside the tests themselves and their Python.
    """
    all_shares = (*own_programs(), cache_dir(), *shares)
    host = BootedHost("engine", cgroups.PARENT, network.ENGINE, all_shares)
    made((host.disk.changes / DROP_IN).parent)
    (host.disk.changes / DROP_IN).write_text(_drop_in())
    made((host.disk.changes / WANTED).parent)
    (host.disk.changes / WANTED).symlink_to("/lib/systemd/system/docker.service")
    engine.cut_power()
    try:
        boot(host)
        yield host
    finally:
        host.remove()
        engine.start()


def boot(host: BootedHost) -> None:
    """Switch a host with the engine on, and wait until the engine takes commands."""
    # A socket of before the power cut would be taken for the engine's.
    engine.socket().unlink(missing_ok=True)
    host.boot()
    if not wait_for(engine.takes_commands, seconds=ENGINE_SECONDS):
        told = host.run(["journalctl", "-b", "-u", "docker.service", "-n", "20"]).stdout
        message = f"the engine of the host does not start:\n{told}"
        raise BedError(message)


def _drop_in() -> str:
    command = ["/usr/bin/env", f"PATH={engine.environment()['PATH']}", *engine.arguments(STATE)]
    # The socket of docker.socket as well, as an owner has it.
    command.append("--host=fd://")
    lines = ["[Service]", "ExecStart=", f"ExecStart={' '.join(command)}"]
    lines += [f"RuntimeDirectory={STATE.name}", f"WorkingDirectory={engine_dir()}", ""]
    return "\n".join(lines)

"""The Compose plugin, from a newer Debian release than the machine's, and the docker client."""

import json
import os
import shutil
from pathlib import Path

from tests.bed.lock import lock
from tests.bed.mirror import download
from tests.bed.paths import bed_dir, cache_dir, made
from tests.bed.process import BedError, run

SUITE = "trixie"
"""Its Compose 2.26 is static enough for Debian 12, which has none."""


def config_dir() -> Path:
    """Return the docker client's configuration directory, in which it finds its plugins."""
    return cache_dir() / "docker-config"


def plugin() -> Path:
    """Return where the Compose plugin is installed."""
    return config_dir() / "cli-plugins" / "docker-compose"


def ensure() -> None:
    """Fetch the Compose plugin unless it is there."""
    with lock("compose", shared=True):
        if not plugin().exists():
            _fetch()


def _fetch() -> None:
    made(config_dir())
    (config_dir() / "config.json").write_text(json.dumps({}) + "\n")
    unpacked = cache_dir() / "docker-compose.deb.d"
    shutil.rmtree(unpacked, ignore_errors=True)
    run(["dpkg-deb", "--extract", download(SUITE, "docker-compose"), unpacked])
    found = [file for file in unpacked.rglob("docker-compose") if os.access(file, os.X_OK)]
    binary = next((file for file in found if file.is_file() and not file.is_symlink()), None)
    if binary is None:
        message = f"the docker-compose package of {SUITE} has no program docker-compose"
        raise BedError(message)
    made(plugin().parent)
    partial = plugin().with_suffix(".new")
    shutil.copy2(binary, partial)
    partial.rename(plugin())
    shutil.rmtree(unpacked)


def environment(host: str) -> dict[str, str]:
    """Return an environment for docker commands that reaches the bed's engine and no other."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
    folders = [str(bed_dir() / "bin"), *kept.get("PATH", "").split(":"), "/usr/sbin", "/sbin"]
    return {
        **kept,
        "PATH": ":".join(dict.fromkeys(filter(None, folders))),
        "DOCKER_HOST": host,
        "DOCKER_CONFIG": str(config_dir()),
        "DOCKER_BUILDKIT": "0",
    }


def choose_client(host: str) -> None:
    """Link the first docker client that this engine understands to the front of the bed's PATH."""
    link = made(bed_dir() / "bin") / "docker"
    folders = ["/usr/bin", *os.environ.get("PATH", "").split(":")]
    complaint = "there is none"
    for folder in dict.fromkeys(filter(None, folders)):
        client = Path(folder) / "docker"
        if client == link or not os.access(client, os.X_OK):
            continue
        asked = run([client, "version"], env=environment(host), check=False)
        if asked.returncode == 0:
            link.unlink(missing_ok=True)
            link.symlink_to(client)
            return
        complaint = f"{client}: {asked.stderr.strip()}"
    message = f"no docker client works with the bed's engine: {complaint}"
    raise BedError(message)

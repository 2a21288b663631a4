"""What the real Compose makes of a rendered `compose.yaml`. No daemon is asked."""

import json
from pathlib import Path
from typing import Any

from tests.bed import compose
from tests.bed.process import Done, Word, run


def config(directory: Path, *options: str, timeout: float = 30) -> Done:
    """Let Compose read the project; a failure is the caller's to judge."""
    command: list[Word] = [compose.plugin(), "--project-directory", directory, "config", *options]
    # A caller's COMPOSE_FILE or DOCKER_HOST must not matter, and nothing may answer.
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    env["DOCKER_HOST"] = "unix:///nonexistent/docker.sock"
    return run(command, env=env, timeout=timeout, check=False)


def values(directory: Path) -> dict[str, Any]:
    """The project as Compose understood it, with each dollar sign as it will be used."""
    done = config(directory, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    # On output Compose doubles dollar signs again, so that the text could be read back.
    loaded: dict[str, Any] = _single_dollars(json.loads(done.stdout))
    return loaded


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Source by target of every bind mount of a service."""
    assert all(volume["type"] == "bind" for volume in service["volumes"])
    return {volume["target"]: volume["source"] for volume in service["volumes"]}


def _single_dollars(value: Any) -> Any:
    if isinstance(value, str):
        assert value.count("$") % 2 == 0, value
        return value.replace("$$", "$")
    if isinstance(value, list):
        return [_single_dollars(item) for item in value]
    if isinstance(value, dict):
        return {key: _single_dollars(item) for key, item in value.items()}
    return value

"""The Docker Engine: whether it can be used, and Compose."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nvrstack.errors import HostError
from nvrstack.host.docker.client import QUICK_SECONDS, connected, run_docker
from nvrstack.host.terminal_codes import without_codes

PULL_SECONDS = 3600
ROOTLESS = (
    "this Docker Engine runs without root's rights: in its containers, the owner of the database "
    "and of the certificates is somebody else, so the project could not read them; install "
    "Docker with root's rights beside it, and choose it: docker context use default"
)


def engine_problem() -> str | None:
    """Why no engine with Compose v2 can be used from here, in words, or None when one can."""
    for words, what in (
        (["version", "--format", "{{.Server.Version}}"], "the Docker Engine"),
        (["compose", "version"], "Docker Compose v2"),
    ):
        try:
            result = run_docker(words, what)
        except HostError as error:
            return error.message
        if result.returncode != 0:
            told = result.stderr.strip().splitlines()
            reason = told[-1].rstrip("?") if told else "docker gave no reason"
            return f"{what} cannot be used ({reason})"
    return None


def has_no_root(info: Mapping[str, Any]) -> bool:
    """Whether an engine with this `docker info` runs without root's rights.

    https://docs.docker.com/engine/security/rootless/
    """
    return "name=rootless" in (info.get("SecurityOptions") or ())


def is_rootless() -> bool:
    """Whether the engine runs without root's rights; no engine does not."""
    with contextlib.suppress(HostError), connected(QUICK_SECONDS) as client:
        return has_no_root(client.info())
    return False


def compose(
    project: Path, *arguments: str, files: Sequence[Path] = (), lend: Sequence[int] = ()
) -> str:
    """Run `docker compose` in the project directory; give what it printed.

    `files` stand in for compose.yaml and its override. The descriptors `lend` are open for as long
    as the command runs, even when this process is killed. Raises HostError with the command's last
    line when it fails.
    """
    words = [
        "compose",
        "--ansi",
        "never",
        "--project-directory",
        str(project),
        *(word for file in files for word in ("--file", str(file))),
        *arguments,
    ]
    what = f"docker compose {arguments[0]}"
    result = run_docker(words, what, PULL_SECONDS, cwd=project, lend=lend)
    if result.returncode != 0:
        told = without_codes(result.stderr or result.stdout).strip().splitlines()
        raise HostError(f"{what}: {told[-1] if told else 'no reason given'}")
    return result.stdout + result.stderr

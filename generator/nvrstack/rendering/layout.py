"""The directories that a project has beside its rendered files."""

from dataclasses import dataclass
from typing import Literal

from nvrstack.settings.model import Settings
from nvrstack.stacks import Stack


@dataclass(frozen=True)
class Directory:
    """A directory to make before the containers start, for they may not make it themselves.

    `path` is absolute, or relative to the project; `owner` says whose ids it gets.
    """

    path: str
    mode: int
    owner: Literal["project", "moonfire"]


def directories(settings: Settings, stack: Stack) -> tuple[Directory, ...]:
    """Every directory that `compose.yaml` mounts or the project keeps things in."""
    private = ["secrets", "tls", "tls/placeholder", "data", ".nvrstack"]
    if stack.runs("certbot"):
        private += ["data/letsencrypt", "data/webroot", "data/certbot"]
    if settings.certificate.is_own:
        private += ["tls/own"]
    if stack.runs("ddclient"):
        private += ["data/ddclient"]
    if settings.certificate.is_local:
        private += ["tls/authority", "tls/local"]
    moonfire = [str(settings.moonfire.state_dir), *map(str, settings.moonfire.sample_dirs)]
    return (
        *(Directory(path, 0o700, "project") for path in private),
        *(Directory(path, 0o700, "moonfire") for path in moonfire),
    )

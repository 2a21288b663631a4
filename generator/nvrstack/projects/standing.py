"""How a project stands: what its containers, certificates, recordings and files show."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from nvrstack.checks.certificates import Life, certbot_verdicts, kept_verdict
from nvrstack.checks.ddns import ddns_verdicts
from nvrstack.checks.files import drift_verdict, version_verdicts
from nvrstack.checks.recordings import SampleDirectory, recording_verdicts
from nvrstack.checks.services import service_verdicts
from nvrstack.checks.verdict import Verdict
from nvrstack.errors import HostError
from nvrstack.host.docker import containers
from nvrstack.host.docker.client import if_it_answers
from nvrstack.host.moonfire.sample_dirs import sample_directories
from nvrstack.pki.certificates import validity
from nvrstack.projects.project import LoadedProject, certificate_changes, project_changes
from nvrstack.projects.versions import newer_versions
from nvrstack.rendering.changes import Kind
from nvrstack.rendering.context import ddns_records, lineages

CERTBOT_STATE = "data/certbot/state.json"
DDCLIENT_STATE = "data/ddclient/state.json"


def status_verdicts(project: LoadedProject, now: datetime) -> Iterator[Verdict]:
    """All that `nvrstack status` tells. Raises HostError where a file may not be read."""
    settings, directory = project.settings, project.directory
    services = if_it_answers(partial(containers.services, settings.project.name), None)
    yield from service_verdicts(project.stack.services, services)
    if settings.certificate.is_acme:
        noted = _read_json(directory / CERTBOT_STATE)
        yield from certbot_verdicts(lineages(settings), noted, now)
    else:
        local = settings.certificate.is_local
        path = directory / "tls" / ("local" if local else "own") / "fullchain.pem"
        yield kept_verdict(settings.site.domain, _life(path), local=local, now=now)
    if project.stack.runs("ddclient"):
        noted = _read_json(directory / DDCLIENT_STATE)
        yield from ddns_verdicts(tuple(ddns_records(settings)), noted, now)
    yield from recording_verdicts(_sample_directories(project), now)
    yield drift_verdict(*_drift(project))
    yield from version_verdicts(newer_versions(settings))


def _sample_directories(project: LoadedProject) -> list[SampleDirectory] | None:
    seen = sample_directories(
        (project.state_dir, *map(Path, project.settings.moonfire.sample_dirs))
    )
    if seen is None:
        return None
    return [
        SampleDirectory(
            str(found.path),
            datetime.fromtimestamp(found.changed, UTC),
            found.holds_recordings,
            found.free_bytes,
            found.total_bytes,
        )
        for found in seen
    ]


def _drift(project: LoadedProject) -> tuple[list[str], list[str]]:
    """The files that a render would change, and those that were edited by hand and stay."""
    found = [*certificate_changes(project, datetime.now(UTC)), *project_changes(project)]
    edited = [change.path for change in found if change.kind is Kind.KEEP]
    return [change.path for change in found if change.kind is not Kind.KEEP], edited


def _life(path: Path) -> Life | None:
    try:
        return Life(*validity(path.read_bytes()))
    except (FileNotFoundError, ValueError):
        return None


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise HostError(
            f"{path}: {error.strerror}", "run it as the project's owner, or with sudo"
        ) from error
    except ValueError:
        return None
    return found if isinstance(found, dict) else None

"""What a further `nvrstack render` has to leave alone: containers, recordings, open streams."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from tests.e2e import streams
from tests.e2e.project import Project
from tests.e2e.waiting import wait_until
from tests.moonfire.past import Past

RATE = 1_000_000
"""Bytes a second that the slow download takes."""
MOST_SECONDS = 120
"""That a slow download may take."""
PAST = tuple(Past(1_700_000_000 + 10 * n, 10, RATE // 10) for n in range(MOST_SECONDS))
"""Recordings for slow downloads, each of which takes a second."""


def lives(project: Project) -> dict[str, tuple[str, str, int]]:
    """Return, for each service, what changes when its container is recreated or restarted."""
    services = project.compose("config", "--services").stdout.split()
    shown = {service: project.container(service) for service in services}
    return {
        service: (found["Id"], found["State"]["StartedAt"], found["RestartCount"])
        for service, found in shown.items()
    }


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def rendered(project: Project, *options: str) -> Mapping[str, str]:
    """Run `nvrstack render --yes` and return what happened to each file that it changed."""
    told = json.loads(project.nvrstack("render", "--yes", "--json", *options).stdout)
    assert told["applied"] is True, told
    return {change["path"]: change["kind"] for change in told["changes"]}


def last_moment(project: Project) -> str:
    """Return the newest moment that `nvrstack restore` lists."""
    told = json.loads(project.nvrstack("restore", "--json").stdout)
    moment: str = told["backups"][0]["when"]
    return moment


def certified_names(certificate: x509.Certificate | None) -> list[str]:
    """Return the names that a certificate is valid for."""
    assert certificate is not None
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return sorted(found.value.get_values_for_type(x509.DNSName))


@dataclass
class Watched:
    """Somebody who looks live and downloads, all the time."""

    view: streams.Live
    file: Path
    size: int

    @property
    def downloading(self) -> bool:
        """Whether a part of the recording has come, and a part has not."""
        return self.file.exists() and 0 < self.file.stat().st_size < self.size

    def assert_streaming(self) -> None:
        """The live view goes on: each part has come once and in order."""
        self.view.wait_for(5)
        self.view.assert_in_order()
        assert not self.view.closed

    def assert_complete(self, seconds: float) -> None:
        """The download comes to its end, with the right bytes."""
        wait_until(
            "the download's end", lambda: self.file.stat().st_size == self.size, seconds=seconds
        )
        streams.assert_right_bytes(self.file, PAST[: self.size // RATE])


@contextmanager
def watched(project: Project, seconds: int) -> Iterator[Watched]:
    """Look live, and download for so many seconds; the project's camera has the recordings PAST."""
    cookie = project.cookie()
    size = streams.length(project, cookie, seconds)
    file = project.directory.with_name(f"{project.name}-slow.mp4")
    command = streams.download_command(project, cookie, seconds, file, "--limit-rate", str(RATE))
    try:
        with (
            streams.live(project, cookie) as view,
            streams.background(project, command, file.with_suffix(".txt")),
        ):
            seen = Watched(view, file, size)
            wait_until("the first bytes of the download", lambda: seen.downloading, seconds=10)
            view.wait_for(3)
            yield seen
    finally:
        file.unlink(missing_ok=True)

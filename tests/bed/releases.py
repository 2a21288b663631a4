"""Which engine the bed runs: the oldest that nvrstack supports, or the newest that Debian has.

Its programs and its Compose come from Debian packages of that release, unpacked beside the
machine's own and first in the bed's PATH; `runc` stays the machine's, for only a newer one needs a
newer libc.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.bed.lock import lock
from tests.bed.mirror import download
from tests.bed.paths import cache_dir, engine_name, made
from tests.bed.process import BedError, run

PROGRAMS = ("docker", "dockerd", "docker-proxy", "containerd", "containerd-shim-runc-v2")
PLUGIN = "docker-compose"


@dataclass(frozen=True)
class Release:
    """Where an engine comes from, and where it is put."""

    name: str
    packages: tuple[tuple[str, tuple[str, ...]], ...]
    """Debian releases, and what is taken from each."""

    @property
    def folder(self) -> Path:
        """All of it."""
        return cache_dir() / f"docker-{self.name}"

    @property
    def programs(self) -> Path:
        """What stands first in PATH."""
        return self.folder / "bin"

    @property
    def config(self) -> Path:
        """The client's configuration directory, in which it finds its plugins."""
        return self.folder / "config"

    @property
    def plugin(self) -> Path:
        """Compose, as a program of its own too."""
        return self.config / "cli-plugins" / PLUGIN

    def ensure(self) -> None:
        """Fetch it unless it is there."""
        with lock("docker", shared=True):
            if not self.plugin.exists():
                self._fetch()

    def _fetch(self) -> None:
        unpacked = self.folder.with_name(f"{self.folder.name}.d")
        partial = self.folder.with_name(f"{self.folder.name}.new")
        for left in (unpacked, partial, self.folder):
            shutil.rmtree(left, ignore_errors=True)
        for suite, packages in self.packages:
            for package in download(suite, *packages):
                run(["dpkg-deb", "--extract", package, unpacked])
        plugins = made(partial / self.plugin.parent.relative_to(self.folder))
        places = {made(partial / self.programs.name): PROGRAMS, plugins: (PLUGIN,)}
        for place, names in places.items():
            for name in names:
                _program(unpacked, name).rename(place / name)
        (partial / self.config.name / "config.json").write_text(json.dumps({}) + "\n")
        partial.rename(self.folder)
        shutil.rmtree(unpacked)


def _program(unpacked: Path, name: str) -> Path:
    """Find a program among the files of packages; completions for shells have its name too."""
    for file in unpacked.rglob(name):
        if file.parent.name in {"bin", "sbin", "cli-plugins"} and not file.is_symlink():
            return file
    message = f"no package in {unpacked} has a program {name}"
    raise BedError(message)


OLDEST = Release(
    "oldest",
    # Debian 12 has no Compose v2; the next release's is static enough for it.
    (("bookworm", ("docker.io", "containerd")), ("trixie", ("docker-compose",))),
)
NEWEST = Release(
    "newest", (("forky", ("docker.io", "docker-cli", "containerd", "docker-compose")),)
)
RELEASES = {release.name: release for release in (OLDEST, NEWEST)}


def chosen() -> Release:
    """Return what `NVRSTACK_BED_ENGINE` names, else the newest."""
    if engine_name() not in RELEASES:
        message = f"NVRSTACK_BED_ENGINE is {engine_name()!r}: it is one of {', '.join(RELEASES)}"
        raise BedError(message)
    return RELEASES[engine_name()]

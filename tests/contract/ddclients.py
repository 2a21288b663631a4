"""The ddclient releases that the rendered configuration is held against."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bed.mirror import download
from tests.bed.paths import cache_dir
from tests.bed.process import run
from tests.bed.rootfs import chroot

PROGRAM = "/usr/bin/ddclient"
HARNESS = Path(__file__).with_name("read_ddclient_conf.pl")
OLDER_SUITE = "bookworm"
"""Its 3.10 has no curl of its own and writes its cache otherwise."""

NEW = re.compile(
    "keyword '(apikey|secretapikey|root-domain|use-personal-access-token)' .ignored|"
    "'protocol' = '(digitalocean|porkbun)'"
)
"""Complaints of an old release about a provider that it does not know, or not well enough."""

Values = Mapping[str, Mapping[str, Any]]
"""What one file says of each host; the entry with the empty name is what holds for all."""


def releases() -> tuple[str, ...]:
    """The tree's own, an older one, and one more for whoever has its program at hand.

    No Debian suite has 4.0, which is in the pinned image: NVRSTACK_DDCLIENT may name its file.
    """
    return ("own", OLDER_SUITE, *(["given"] if "NVRSTACK_DDCLIENT" in os.environ else []))


def program(release: str) -> dict[Path, str]:
    """What to bind into the tree, so that its ddclient is of this release."""
    if release == "own":
        return {}
    if release == "given":
        return {Path(os.environ["NVRSTACK_DDCLIENT"]): PROGRAM}
    return {_older(): PROGRAM}


def image(release: str) -> dict[str, dict[str, str]]:
    """Settings that name an image with the ddclient of this release, as far as its age matters."""
    versions = {OLDER_SUITE: "3.10.0", "own": "3.11.2", "given": "4.0.0"}
    return {"images": {"ddclient": f"linuxserver/ddclient:v{versions[release]}-ls1"}}


def version(release: str) -> str:
    """The version that `image` names."""
    return image(release)["images"]["ddclient"].partition(":v")[2].partition("-")[0]


def _older() -> Path:
    folder = cache_dir() / f"ddclient-{OLDER_SUITE}"
    file = folder / PROGRAM.lstrip("/")
    if not file.exists():
        partial = folder.with_name(folder.name + ".new")
        shutil.rmtree(partial, ignore_errors=True)
        (package,) = download(OLDER_SUITE, "ddclient")
        run(["dpkg-deb", "--extract", package, partial])
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    return file


def read(release: str, folder: Path, *names: str, strict: bool = True) -> dict[str, Values]:
    """What ddclient reads in each file of the folder.

    If `strict`, any warning is an error, but that of a key too new for the release.
    """
    for name in names:
        (folder / name).chmod(0o600)
    binds = {HARNESS: "/harness.pl", folder: "/conf", **program(release)}
    done = chroot(["perl", "/harness.pl", PROGRAM, *(f"/conf/{name}" for name in names)], binds)
    complaints = [line for line in done.stderr.splitlines() if not NEW.search(line)]
    assert complaints == [] or not strict
    found: dict[str, Values] = _decoded(json.loads(done.stdout))
    return {Path(file).name: values for file, values in found.items()}


def _decoded(value: Any) -> Any:
    """ddclient knows bytes only, each of which comes back as a character of its own."""
    if isinstance(value, dict):
        return {_decoded(key): _decoded(item) for key, item in value.items()}
    return value.encode("latin-1").decode() if isinstance(value, str) else value

"""Moonfire's versions: what an image is, which schema and which spelling a version wants.

From the tags and the change log of https://github.com/scottlamb/moonfire-nvr.
"""

import re
from dataclasses import dataclass
from typing import Literal

from nvrstack.services.images import MOONFIRE_IMAGE
from nvrstack.services.releases import Version
from nvrstack.settings.model import NEVER_PUBLISHED, OLDEST_MOONFIRE

Spelling = Literal["camelCase", "snake_case"]

HUB_IMAGE = "scottlamb/moonfire-nvr"
"""Upstream's image at Docker Hub, which ended when the present registry took over."""
HUB = ((0, 6, 0), (0, 7, 7))
"""The first and the last version at Docker Hub; its `latest` stays at the last one."""
FIRST_WITH_FILE = (0, 7, 2)
"""Before, all settings were flags of `run`; since, `run` takes `--config` and `--read-only`."""
FIRST_CAMEL_CASE = (0, 7, 6)
SCHEMA = 7
"""The database schema of every version that a project can run (upstream: guide/schema.md)."""
VERSION_LABEL = "org.opencontainers.image.version"
"""Set on the images of the present registry (https://specs.opencontainers.org/image-spec)."""


@dataclass(frozen=True)
class ImageVersion:
    """The Moonfire in an image, None where its name does not tell; a remark where it misleads."""

    version: str | None
    remark: str = ""


def number(text: str) -> Version | None:
    """A version of three numbers such as 0.7.5, v0.7.5 or v0.7.5-aarch64; None for another."""
    match = re.fullmatch(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?:-[A-Za-z0-9_]+)?", text, re.ASCII)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def written(version: Version) -> str:
    """A version as Moonfire itself says it: 0.7.5."""
    return ".".join(map(str, version))


def image_version(reference: str) -> ImageVersion:
    """What the image reference `reference` says about the version inside."""
    repository, tag = _split(reference)
    version = number(tag)
    if repository == HUB_IMAGE:
        return _at_hub(tag, version)
    if repository == MOONFIRE_IMAGE and version is not None:
        if version < OLDEST_MOONFIRE or version in NEVER_PUBLISHED:
            return ImageVersion(written(version), f"{reference} was never published")
        return ImageVersion(written(version))
    # Somebody's own build or mirror: its tag is taken at its word, if it is a version at all.
    return ImageVersion(written(version) if version else None)


def is_published(reference: str) -> bool:
    """Whether an image is called as upstream publishes it, or by way of a mirror."""
    repository = _split(reference)[0]
    return repository == MOONFIRE_IMAGE or f"/{repository}".endswith(f"/{HUB_IMAGE}")


def labelled_version(labels: dict[str, str]) -> str | None:
    """The version that an image's labels tell; images of Docker Hub tell none."""
    version = number(labels.get(VERSION_LABEL, ""))
    return written(version) if version else None


def schema_of(version: Version) -> int | None:
    """The database schema that a version opens, and no other; None for those before 0.6.0."""
    if version < HUB[0]:
        return None
    return 6 if version < (0, 7, 0) else SCHEMA


def spelling_of(version: Version) -> Spelling | None:
    """How the configuration of a version spells its keys; None where it has no file."""
    if version < FIRST_WITH_FILE:
        return None
    return "snake_case" if version < FIRST_CAMEL_CASE else "camelCase"


def _split(reference: str) -> tuple[str, str]:
    """Repository and tag, by the rules of github.com/distribution/reference."""
    name, _, digest = reference.partition("@")
    before, colon, after = name.rpartition(":")
    if colon and "/" not in after:
        repository, tag = before, after
    else:
        repository, tag = name, "" if digest else "latest"
    # Docker Hub goes by several names, or none.
    return re.sub(r"^(?:index\.|registry-1\.)?docker\.io/", "", repository), tag


def _at_hub(tag: str, version: Version | None) -> ImageVersion:
    if tag == "latest":
        return ImageVersion(
            None,
            f"{HUB_IMAGE}:latest has been {written(HUB[1])} for years, and never changes again; "
            "a copy that was pulled earlier is older",
        )
    if version == (0, 7, 5):
        # https://github.com/scottlamb/moonfire-nvr/issues/230
        return ImageVersion("0.7.4", f"{HUB_IMAGE}:{tag} has 0.7.4 inside, by a slip of upstream's")
    if version is None:
        return ImageVersion(None)
    if not HUB[0] <= version <= HUB[1]:
        return ImageVersion(
            written(version),
            f"Docker Hub never had {HUB_IMAGE}:{tag}; since {written(OLDEST_MOONFIRE)} the image "
            f"is {MOONFIRE_IMAGE}",
        )
    return ImageVersion(written(version))

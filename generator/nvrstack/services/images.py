"""The container images that this release of nvrstack is made for, pinned in this one place.

`nvrstack init` writes them into `nvrstack.toml`; a later release changes them there only when
its owner asks for it. All four are published for amd64 and arm64.
"""

MOONFIRE_IMAGE = "ghcr.io/scottlamb/moonfire-nvr"
"""Upstream's only maintained registry; it has no `latest` tag, so the version is always given."""

MOONFIRE_VERSION = "v0.7.30"
"""v0.7.26 to v0.7.29 let recordings drift by seconds an hour (upstream issue 350)."""

MOONFIRE = f"{MOONFIRE_IMAGE}:{MOONFIRE_VERSION}"

NGINX = "nginx:1.30.6-alpine"
"""Stable branch; 1.30.4 closed the last published vulnerabilities."""

CERTBOT = "certbot/certbot:v5.6.0"
"""Renews by the remaining fraction of a lifetime (4.0) and by the authority's own advice (4.1)."""

CERTBOT_REPOSITORY = "certbot/certbot"

DDCLIENT = "linuxserver/ddclient:v4.0.0-ls228"
"""The newest ddclient release; its image has curl and runs on arm64."""


def is_plain_certbot(reference: str) -> bool:
    """Whether an image reference names certbot's own image, which has no DNS plugin."""
    return reference.removeprefix("docker.io/").startswith(f"{CERTBOT_REPOSITORY}:")


def certbot_image(reference: str, repository: str) -> str:
    """The image of `repository` with the tag of certbot's own; another image as it is."""
    if not is_plain_certbot(reference):
        return reference
    return f"{repository}:{reference.partition(':')[2]}"

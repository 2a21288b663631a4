"""The versions of a project, beside those that this nvrstack was made for."""

from nvrstack.services import images
from nvrstack.services.releases import is_newer
from nvrstack.settings.model import Settings


def known_versions(settings: Settings) -> dict[str, tuple[str, str]]:
    """The present version of each image and the one that this nvrstack is made for, by setting."""
    return {
        "moonfire.version": (settings.moonfire.version, images.MOONFIRE_VERSION),
        "images.nginx": (settings.images.nginx, images.NGINX),
        "images.certbot": (settings.images.certbot, images.CERTBOT),
        "images.ddclient": (settings.images.ddclient, images.DDCLIENT),
    }


def newer_versions(settings: Settings) -> dict[str, tuple[str, str]]:
    """Those of `known_versions` of which this nvrstack knows a higher one."""
    known = known_versions(settings)
    return {key: pair for key, pair in known.items() if is_newer(pair[1], pair[0])}

"""Certificate authorities: their ACME directories, and who trusts them."""

from nvrstack.settings.model import Certificate

DIRECTORIES = {
    "letsencrypt": "https://acme-v02.api.letsencrypt.org/directory",
    "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
"""https://letsencrypt.org/docs/acme-protocol-updates/ and …/docs/staging-environment/"""


def directory_url(authority: str) -> str:
    """The ACME directory (RFC 8555 section 7.1.1) of an authority given by name or by address."""
    return DIRECTORIES.get(authority, authority)


def publicly_trusted(certificate: Certificate) -> bool:
    """Whether browsers trust the authority without being told to."""
    private = certificate.is_local or certificate.authority_root is not None
    return not private and certificate.authority != "letsencrypt-staging"

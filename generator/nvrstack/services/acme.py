"""Certificate authorities: their ACME directories, and who trusts them."""

LETSENCRYPT = "letsencrypt"
STAGING = "letsencrypt-staging"

DIRECTORIES = {
    LETSENCRYPT: "https://acme-v02.api.letsencrypt.org/directory",
    STAGING: "https://acme-staging-v02.api.letsencrypt.org/directory",
    "zerossl": "https://acme.zerossl.com/v2/DV90",
    "google": "https://dv.acme-v02.api.pki.goog/directory",
}
"""https://letsencrypt.org/docs/acme-protocol-updates/ and …/docs/staging-environment/,
https://zerossl.com/documentation/acme/, https://pki.goog/updates/may2022-acme.html"""

BOUND_TO_ACCOUNTS = ("zerossl", "google")
"""Authorities that know their customers: RFC 8555 section 7.3.4."""

PROFILES = ("classic", "tlsserver", "shortlived")
"""Let's Encrypt's kinds of certificate: https://letsencrypt.org/docs/profiles/."""


def directory_url(authority: str, *, staging: bool = False) -> str:
    """The ACME directory (RFC 8555 section 7.1.1) of an authority given by name or by address."""
    return DIRECTORIES.get(STAGING if staging else authority, authority)


def publicly_trusted(authority: str, *, staging: bool, has_own_root: bool) -> bool:
    """Whether browsers trust the authority without being told to.

    `has_own_root` says that its root certificate had to be given, which no browser knows. Of a
    certificate that the owner brings, nothing is known.
    """
    return authority not in {"local", "files", STAGING} and not staging and not has_own_root

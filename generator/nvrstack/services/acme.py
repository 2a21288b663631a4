"""Certificate authorities: their ACME directories, and who trusts them."""

DIRECTORIES = {
    "letsencrypt": "https://acme-v02.api.letsencrypt.org/directory",
    "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
"""https://letsencrypt.org/docs/acme-protocol-updates/ and …/docs/staging-environment/"""


def directory_url(authority: str) -> str:
    """The ACME directory (RFC 8555 section 7.1.1) of an authority given by name or by address."""
    return DIRECTORIES.get(authority, authority)


def publicly_trusted(authority: str, *, has_own_root: bool) -> bool:
    """Whether browsers trust the authority without being told to.

    `has_own_root` says that its root certificate had to be given, which no browser knows.
    """
    return authority not in {"local", "letsencrypt-staging"} and not has_own_root

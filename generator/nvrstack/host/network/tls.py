"""Whom a TLS connection trusts."""

import ssl


def anything() -> ssl.SSLContext:
    """TLS that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def trusting(roots: tuple[bytes, ...]) -> ssl.SSLContext:
    """TLS that takes what this machine trusts, and what these root certificates signed."""
    context = ssl.create_default_context()
    # Python 3.13 began to want what browsers do not: identifiers of keys in private roots, too.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    for pem in roots:
        context.load_verify_locations(cadata=pem.decode("ascii"))
    return context

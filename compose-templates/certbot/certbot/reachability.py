"""Looks at what an attempt depends on, at no cost to anybody's limits."""

import secrets
import socket
from pathlib import Path

from schedule import NOT_READY, UNREACHABLE, Obstacle

CHALLENGES = ".well-known/acme-challenge"
SECONDS = 10
NO_ADDRESS = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
"""Answers that are certain; not every C library has the second one."""


def authority_obstacle(server: str) -> Obstacle | None:
    """Why the ACME directory at `server` cannot be read, or None when it can."""
    import requests

    try:
        requests.get(server, timeout=SECONDS).raise_for_status()
    except requests.RequestException as error:
        return Obstacle(UNREACHABLE, str(error)[:300], certain=True)
    return None


def challenge_obstacle(domains: tuple[str, ...], webroot: Path) -> Obstacle | None:
    """Why the authority would not find an answer to a challenge (HTTP-01), or None.

    A file is fetched by the public name of each domain, as the authority will (RFC 8555 section
    8.3). Where a name has no address, the authority cannot find it either. Whatever else goes wrong
    may be so from inside this network alone.
    """
    token, text = f"nvrstack-{secrets.token_hex(8)}", secrets.token_hex(16)
    path = webroot / CHALLENGES / token
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
        found = (_fetched(domain, token, text) for domain in domains)
        obstacles = [obstacle for obstacle in found if obstacle is not None]
    finally:
        path.unlink(missing_ok=True)
    return next((o for o in obstacles if o.certain), obstacles[0] if obstacles else None)


def _fetched(domain: str, token: str, text: str) -> Obstacle | None:
    import requests

    try:
        socket.getaddrinfo(domain, 80, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        known = error.errno in NO_ADDRESS
        reason = (
            f"the name servers know no address of {domain}"
            if known
            else (f"the name servers do not answer for {domain} ({error.strerror})")
        )
        return Obstacle(NOT_READY, reason, certain=known)
    try:
        with requests.Session() as session:
            # An owner's proxy is not the authority's.
            session.trust_env = False
            url = f"http://{domain}/{CHALLENGES}/{token}"
            with session.get(url, timeout=SECONDS, stream=True) as answer:
                # No more than tells it apart: whoever else answers may never end, as cameras do.
                found = next(answer.iter_content(len(text) + 1), b"")
    except requests.RequestException:
        return Obstacle(
            NOT_READY,
            f"port 80 of {domain} does not answer from here: is TCP port 80 forwarded to this "
            "machine, and does the name lead to your address?",
            certain=False,
        )
    if found == text.encode():
        return None
    return Obstacle(
        NOT_READY,
        f"something else answers at port 80 of {domain}: does the name lead to your address, and "
        "is TCP port 80 forwarded to this machine?",
        certain=False,
    )

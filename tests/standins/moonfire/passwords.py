"""Passwords, hashed with scrypt into PHC strings."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets

from tests.standins.moonfire.levers import lever
from tests.standins.moonfire.program import MoonfireError


def unpadded_base64(data: bytes) -> str:
    """Encode as standard base64 without padding, as PHC strings and cookies use it."""
    return base64.b64encode(data).decode("ascii").rstrip("=")


def scrypt(password: str, salt: bytes, cost: tuple[int, int, int], length: int) -> bytes:
    """Run scrypt with enough memory allowed for its cost: ln, r and p."""
    ln, r, p = cost
    memory = 128 * r * ((1 << ln) + p + 2) + (1 << 20)
    return hashlib.scrypt(
        password.encode(), salt=salt, n=1 << ln, r=r, p=p, maxmem=memory, dklen=length
    )


def hash_password(password: str) -> str:
    """Return a PHC string as v0.7.30 makes it: `$scrypt$ln=17,r=8,p=1$<salt>$<hash>`."""
    ln = int(lever("scrypt_ln"))
    salt = secrets.token_bytes(16)
    digest = scrypt(password, salt, (ln, 8, 1), 32)
    return f"$scrypt$ln={ln},r=8,p=1${unpadded_base64(salt)}${unpadded_base64(digest)}"


def verify_password(password: str, stored: str) -> bool:
    """Check a password against a PHC string with any ln, r and p.

    A string that is not valid PHC, such as the `$$scrypt$…` of 0.6.x, raises: never a match.
    """
    pattern = r"\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
    match = re.fullmatch(pattern, stored)
    if match is None:
        raise MoonfireError("DATA_LOSS", "bad stored password hash")
    try:
        salt, digest = (base64.b64decode(match[i] + "=" * (-len(match[i]) % 4)) for i in (4, 5))
        cost = int(match[1]), int(match[2]), int(match[3])
        actual = scrypt(password, salt, cost, len(digest))
    except (binascii.Error, ValueError) as err:
        raise MoonfireError("DATA_LOSS", f"bad stored password hash: {err}") from err
    return hmac.compare_digest(actual, digest)

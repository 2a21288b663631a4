"""Moonfire's password hashes and permissions, as its database holds them."""

import base64
import hashlib
import os

LOG2_N = 17
BLOCK_SIZE = 8
PARALLELISM = 1
"""scrypt's parameters as Moonfire v0.7.30 chooses them; it reads them back from the hash."""

PERMISSIONS = ("viewVideo", "readCameraConfigs", "updateSignals", "adminUsers")
"""Moonfire's permissions, in the order of their field numbers in its protobuf message."""


def password_hash(password: str, salt: bytes | None = None) -> str:
    """A PHC string for scrypt, with salt and hash in base64 without padding.

    Takes about 128 MiB of memory for a moment.
    """
    salt = salt or os.urandom(16)
    digest = hashlib.scrypt(
        password.encode(),
        salt=salt,
        n=2**LOG2_N,
        r=BLOCK_SIZE,
        p=PARALLELISM,
        maxmem=2**28,
        dklen=32,
    )
    parts = (base64.b64encode(part).decode().rstrip("=") for part in (salt, digest))
    return f"$scrypt$ln={LOG2_N},r={BLOCK_SIZE},p={PARALLELISM}$" + "$".join(parts)


def permission_bytes(granted: frozenset[str]) -> bytes:
    """The protobuf encoding of Moonfire's `Permissions`: a true boolean for each field granted."""
    return b"".join(
        bytes([number << 3, 1]) for number, name in enumerate(PERMISSIONS, 1) if name in granted
    )


def permissions_of(encoded: bytes) -> frozenset[str]:
    """The permissions that `permission_bytes` encodes to `encoded`; unknown fields are skipped."""
    fields = {encoded[i] >> 3 for i in range(0, len(encoded) - 1, 2) if encoded[i + 1]}
    return frozenset(name for number, name in enumerate(PERMISSIONS, 1) if number in fields)

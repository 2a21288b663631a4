"""certbot's lineages on disk: what there is, how it was got, and what is no longer wanted."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PARTS = ("cert", "chain", "fullchain", "privkey")
"""What certbot keeps of each certificate, a file each."""
RSA_BITS = 2048
"""What authorities want at least (CA/Browser Forum baseline requirements, 6.1.5)."""


@dataclass(frozen=True)
class Issued:
    """A certificate's names and life, in seconds since the epoch."""

    names: tuple[str, ...]
    not_before: float
    not_after: float


def issued(letsencrypt: Path, name: str) -> Issued | None:
    """The present certificate of lineage `name`, if there is one that can be read."""
    from cryptography import x509

    try:
        pem = (letsencrypt / "live" / name / "cert.pem").read_bytes()
        certificate = x509.load_pem_x509_certificate(pem)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None
    return Issued(
        tuple(names.value.get_values_for_type(x509.DNSName)),
        certificate.not_valid_before_utc.timestamp(),
        certificate.not_valid_after_utc.timestamp(),
    )


def is_whole(letsencrypt: Path, name: str) -> bool:
    """Whether the chain of lineage `name` is that of its certificate, and nothing is cut short."""
    live = letsencrypt / "live" / name
    try:
        certificate, chain, both, key = ((live / f"{part}.pem").read_bytes() for part in PARTS)
    except OSError:
        return False
    return both == certificate + chain and key.rstrip().endswith(b"PRIVATE KEY-----")


def how_issued(letsencrypt: Path, name: str) -> Mapping[str, str]:
    """What certbot noted of how it got the certificate; nothing when there is none."""
    noted = configparser.ConfigParser(interpolation=None, strict=False, delimiters="=")
    try:
        text = (letsencrypt / "renewal" / f"{name}.conf").read_text(encoding="utf-8")
        # certbot writes some keys before the first section.
        noted.read_string(f"[lineage]\n{text}")
        return dict(noted["renewalparams"])
    except (OSError, ValueError, KeyError, configparser.Error):
        return {}


def key_options(letsencrypt: Path, name: str, key_type: str) -> list[str]:
    """What certbot has to be told for the next key to be like the present one of `key_type`.

    Where certbot noted `reuse_key`, it refuses to renew with what does not fit the key; where it
    did not, it would go back to its own size and curve.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    like: list[str] = []
    try:
        pem = (letsencrypt / "live" / name / "privkey.pem").read_bytes()
        key = load_pem_private_key(pem, password=None)
    except (OSError, ValueError, TypeError):
        key = None
    if key_type == "rsa" and isinstance(key, rsa.RSAPrivateKey) and key.key_size >= RSA_BITS:
        like = ["--rsa-key-size", str(key.key_size)]
    if key_type == "ecdsa" and isinstance(key, ec.EllipticCurvePrivateKey):
        like = ["--elliptic-curve", key.curve.name]
    if how_issued(letsencrypt, name).get("reuse_key", "").lower() not in {"true", "1", "on", "yes"}:
        return like
    # Another kind of key was asked for: it is made once, and kept then.
    return [*like, "--reuse-key", *([] if like else ["--new-key"])]


def retire(letsencrypt: Path, name: str, now: float) -> Path | None:
    """Move lineage `name` to where nothing uses it and nothing is lost; give that place, if any.

    It lies there as certbot lays it out, so that the links in `live` still lead somewhere.
    """
    # What makes it a lineage goes last: after a power cut, the rest follows next time.
    parts = (Path("live", name), Path("archive", name), Path("renewal", f"{name}.conf"))
    there = [part for part in parts if (letsencrypt / part).exists()]
    if not there:
        return None
    retired = retired_place(letsencrypt, name, now)
    for part in there:
        (retired / part).parent.mkdir(mode=0o700)
        (letsencrypt / part).rename(retired / part)
    return retired


def retired_place(letsencrypt: Path, name: str, now: float) -> Path:
    """Make the directory into which something called `name` goes that is no longer used."""
    moment = datetime.fromtimestamp(now, UTC)
    # A name may be nearly as long as a file's.
    place = letsencrypt / "retired" / f"{name[:200]}-{moment:%Y-%m-%dT%H-%M-%SZ}"
    place.mkdir(parents=True, mode=0o700)
    return place

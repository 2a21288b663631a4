"""Which certificate files a project needs, given the ones that it has."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from nvrstack.errors import InputError
from nvrstack.pki.certificates import (
    Pair,
    der,
    life_left,
    local_leaf,
    local_root,
    may_sign_for,
    names_of,
    placeholder,
)
from nvrstack.pki.own import own_problems, pair_as_parsed
from nvrstack.settings.model import Settings
from nvrstack.tree import PUBLIC, SECRET, File

PLACEHOLDER = ("tls/placeholder/fullchain.pem", "tls/placeholder/privkey.pem")
ROOT = ("tls/authority/root.pem", "tls/authority/root.key")
LEAF = ("tls/local/fullchain.pem", "tls/local/privkey.pem")
OWN = ("tls/own/fullchain.pem", "tls/own/privkey.pem")
RENEW_BELOW = 1 / 3
"""The part of its life that a certificate of ours is renewed at, as ACME clients do."""
DOWNLOADS = ("tls/local/root.pem", "tls/local/root.crt")
PATHS = (*PLACEHOLDER, *ROOT, *LEAF, *DOWNLOADS, *OWN)


def missing_certificates(
    settings: Settings, present: Mapping[str, bytes], now: datetime, own: Pair | None = None
) -> dict[str, File]:
    """The files to write under `tls/`, by path; nothing when those in `present` still serve.

    `present` holds what the project has of PATHS, `own` the certificate that the owner brings, if
    any: it is checked, and InputError raised, before it is taken. A pair is made anew when it is
    not there, covers other names, or has less than a third of its life left. The root of a local
    authority stays as long as it may sign for the names, because a new one has to be installed on
    each phone again.
    """
    names = settings.every_name
    files: dict[str, File] = {}
    if not _serves(present, PLACEHOLDER, names, now):
        files |= _pair_files(PLACEHOLDER, placeholder(names, now))
    if own is not None:
        problems = own_problems(own, names, now)
        if problems:
            raise InputError(
                "the certificate cannot be used; nothing was changed\n"
                + "\n".join(f"  {problem}" for problem in problems),
                "mend what is listed, or let an authority issue one: certificate.authority",
            )
        made = _pair_files(OWN, pair_as_parsed(own))
        files |= {path: file for path, file in made.items() if present.get(path) != file.content}
    if settings.certificate.is_local:
        root = _usable_root(present, names, now)
        if root is None:
            root = local_root(names, now)
            files |= _pair_files(ROOT, root)
            files[DOWNLOADS[0]] = File(root.certificate, PUBLIC)
            files[DOWNLOADS[1]] = File(der(root.certificate), PUBLIC)
        if ROOT[0] in files or not _serves(present, LEAF, names, now):
            files |= _pair_files(LEAF, local_leaf(root, names, now))
    return files


def _usable_root(present: Mapping[str, bytes], names: Sequence[str], now: datetime) -> Pair | None:
    if not all(path in present for path in ROOT):
        return None
    root = Pair(*(present[path] for path in ROOT))
    try:
        usable = life_left(root.certificate, now) > 0 and may_sign_for(root.certificate, names)
    except ValueError:
        return None
    return root if usable else None


def _pair_files(paths: tuple[str, str], pair: Pair) -> dict[str, File]:
    certificate, key = paths
    return {certificate: File(pair.certificate, PUBLIC), key: File(pair.key, SECRET)}


def _serves(
    present: Mapping[str, bytes], paths: tuple[str, str], names: Sequence[str], now: datetime
) -> bool:
    if not all(path in present for path in paths):
        return False
    certificate = present[paths[0]]
    try:
        left = life_left(certificate, now)
        return set(names_of(certificate)) == set(names) and left >= RENEW_BELOW
    except ValueError:
        return False

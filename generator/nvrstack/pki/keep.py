"""Which certificate files a project needs, given the ones that it has."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from nvrstack.pki.certificates import Pair, der, local_leaf, local_root, names_of, placeholder
from nvrstack.settings.model import Settings
from nvrstack.tree import PUBLIC, SECRET, File

PLACEHOLDER = ("tls/placeholder/fullchain.pem", "tls/placeholder/privkey.pem")
ROOT = ("tls/authority/root.pem", "tls/authority/root.key")
LEAF = ("tls/local/fullchain.pem", "tls/local/privkey.pem")
PATHS = (*PLACEHOLDER, *ROOT, *LEAF)


def missing_certificates(
    settings: Settings, present: Mapping[str, bytes], now: datetime
) -> dict[str, File]:
    """The files to write under `tls/`, by path; nothing when those in `present` still serve.

    `present` holds what the project has of PATHS. A pair is made anew when it is not there or
    covers other names. The root of a local authority is made anew only then, because it has to
    be installed on each phone again.
    """
    names = settings.every_name
    files: dict[str, File] = {}
    if not _covers(present, PLACEHOLDER, names):
        files |= _pair_files(PLACEHOLDER, placeholder(names, now))
    if settings.certificate.is_local and not _covers(present, LEAF, names):
        root = local_root(names, now)
        files |= _pair_files(ROOT, root)
        files |= _pair_files(LEAF, local_leaf(root, names, now))
        files["tls/local/root.pem"] = File(root.certificate, PUBLIC)
        files["tls/local/root.crt"] = File(der(root.certificate), PUBLIC)
    return files


def _pair_files(paths: tuple[str, str], pair: Pair) -> dict[str, File]:
    certificate, key = paths
    return {certificate: File(pair.certificate, PUBLIC), key: File(pair.key, SECRET)}


def _covers(present: Mapping[str, bytes], paths: tuple[str, str], names: Sequence[str]) -> bool:
    if not all(path in present for path in paths):
        return False
    try:
        return set(names_of(present[paths[0]])) == set(names)
    except ValueError:
        return False

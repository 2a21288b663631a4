"""Who renews a certificate that certbot does not keep in its usual place, and by which way.

https://github.com/acmesh-official/acme.sh/wiki: acme.sh has a file of assignments for each name,
`Le_Webroot` being the way: a folder, `no` for its own server, `dns_PROVIDER` and others. Certbot
keeps a whole directory of its own for each `--config-dir`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from nvrstack.migration.around.renewal import OVER_HTTP

SHORT_LIFE = timedelta(days=200)
"""Whoever gets certificates that live no longer has a program that renews them."""
CONFIG_DIR = re.compile(r"--config-dir[=\s]+[\"']?([^\s\"']+)")
LIVE = re.compile(r"(/.+)/(?:live|archive)/([^/]+)/[^/]+")
"""A file of a lineage, below the directory that certbot was given."""
DNS = "dns"
"""What begins the name of every way by DNS, acme.sh's and certbot's."""


@dataclass(frozen=True)
class Renewer:
    """The program that renews a certificate.

    `file` is where it says how; `names` are those that it renews there, and `over_http` tells
    whether it needs a web server of this host, None where that is not known.
    """

    program: str
    file: str
    names: tuple[str, ...] = ()
    over_http: bool | None = None
    certificate: str | None = None


def acme_sh(file: str, text: str) -> Renewer:
    """Read one of acme.sh's files, `HOME/NAME/NAME.conf`."""
    found = dict(re.findall(r"^(Le_\w+)=[\"']?(.*?)[\"']?$", text, re.MULTILINE))
    ways = [way for way in found.get("Le_Webroot", "").split(",") if way]
    names = (found.get("Le_Domain", ""), *found.get("Le_Alt", "").split(","))
    return Renewer(
        "acme.sh",
        file,
        tuple(name for name in names if name not in {"", "no"}),
        any(not way.startswith(DNS) for way in ways) if ways else None,
        found.get("Le_RealFullChainPath") or None,
    )


def other_certbot(directory: str, name: str, parameters: Mapping[str, str]) -> Renewer:
    """A lineage of certbot's below another `--config-dir`, from its `[renewalparams]`."""
    way = parameters.get("authenticator", "")
    over_http = True if way in OVER_HTTP else False if way.startswith(DNS) else None
    return Renewer(
        f"certbot --config-dir {directory}",
        f"{directory}/renewal/{name}.conf",
        (name,),
        over_http,
    )


def renewer_of(certificate: str, domain: str | None, known: Sequence[Renewer]) -> Renewer | None:
    """Which of acme.sh's files is about the certificate at a path, or else for a domain."""
    for one in known:
        # In its own home the certificate lies beside the file.
        if certificate in {one.certificate, f"{one.file.rpartition('/')[0]}/fullchain.cer"}:
            return one
    return next((one for one in known if domain is not None and domain in one.names), None)


def config_dirs(texts: Sequence[str]) -> tuple[str, ...]:
    """The directories that cron files and units give to certbot."""
    return tuple(dict.fromkeys(d.rstrip("/") for text in texts for d in CONFIG_DIR.findall(text)))

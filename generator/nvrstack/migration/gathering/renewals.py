"""Who renews the certificate of the host's nginx, where that is not the usual certbot."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from nvrstack.host import rooted_files
from nvrstack.migration.around import rules
from nvrstack.migration.around.nginx.sites import NginxSites
from nvrstack.migration.around.renewal import DIRECTORY, parameters_of
from nvrstack.migration.around.renewers import (
    LIVE,
    SHORT_LIFE,
    Renewer,
    acme_sh,
    config_dirs,
    other_certbot,
    renewer_of,
)
from nvrstack.migration.around.schedules import CERTBOT_CRONS
from nvrstack.migration.findings import Finding
from nvrstack.migration.gathering.belongings import cron_files
from nvrstack.migration.gathering.survey import Host
from nvrstack.pki.certificates import der, validity

ACME_SH_HOMES = ("/root/.acme.sh", "/etc/acme.sh", "/opt/acme.sh", "/usr/local/share/acme.sh")
"""acme.sh's own home, and where people and packages put it."""
UNITS = "/etc/systemd/system"


def renewer(
    host: Host, nginx: NginxSites, *, stays: bool
) -> tuple[Renewer | None, tuple[Finding, ...]]:
    """Who renews nginx's certificate, and what to know about what else is renewed here.

    `stays` tells that the certificate may be the project's, unless it would expire.
    """
    known = list(_acme_sh(host))
    used = nginx.certificate
    if not stays or used is None or PurePosixPath(used).is_relative_to(DIRECTORY):
        return None, _left(known, None)
    place = rooted_files.resolved(host.root, used)
    real = used if place is None else f"/{place.relative_to(host.root.resolve())}"
    found = _certbot(host, real) or renewer_of(real, None, known)
    found = found or renewer_of(used, nginx.domain, known)
    warnings = _left(known, found)
    if found is None or found.over_http is None:
        warnings += _short(host, used)
    return found, warnings


def _acme_sh(host: Host) -> Iterator[Renewer]:
    homes = (f"/home/{name}/.acme.sh" for name in rooted_files.names_in(host.root, "/home"))
    for home in (*ACME_SH_HOMES, *homes):
        for name in rooted_files.names_in(host.root, home):
            # The folder of an elliptic key has an ending, and the file in it none.
            file = f"{home}/{name}/{name.removesuffix('_ecc')}.conf"
            text = rooted_files.read_text(host.root, file)
            if text is not None:
                yield acme_sh(file, text)


def _certbot(host: Host, certificate: str) -> Renewer | None:
    """The lineage below another directory of certbot's that the certificate is of, or copied."""
    match = LIVE.fullmatch(certificate)
    if match is not None:
        text = rooted_files.read_text(host.root, f"{match[1]}/renewal/{match[2]}.conf")
        if text is not None:
            return other_certbot(match[1], match[2], parameters_of(text))
    served = _der(host, certificate)
    for directory in config_dirs(_schedules(host)) if served is not None else ():
        for file in rooted_files.names_in(host.root, f"{directory}/renewal"):
            name = file.removesuffix(".conf")
            if _der(host, f"{directory}/live/{name}/cert.pem") == served:
                text = rooted_files.read_text(host.root, f"{directory}/renewal/{file}") or ""
                return other_certbot(directory, name, parameters_of(text))
    return None


def _schedules(host: Host) -> list[str]:
    """The texts of cron files and of one's own services."""
    services = (n for n in rooted_files.names_in(host.root, UNITS) if n.endswith(".service"))
    paths = (*CERTBOT_CRONS, *(f"{UNITS}/{name}" for name in services))
    texts = (rooted_files.read_text(host.root, path) for path in paths)
    return [*cron_files(host).values(), *(text for text in texts if text is not None)]


def _der(host: Host, path: str) -> bytes | None:
    try:
        return der(rooted_files.read_bytes(host.root, path) or b"")
    except ValueError:
        return None


def _short(host: Host, certificate: str) -> tuple[Finding, ...]:
    """A warning where the certificate is of the kind that is renewed by itself."""
    try:
        begins, ends = validity(rooted_files.read_bytes(host.root, certificate) or b"")
    except ValueError:
        return ()
    if ends - begins > SHORT_LIFE:
        return ()
    return (rules.CERTIFICATE_SHORT(certificate=certificate, days=(ends - begins).days),)


def _left(known: list[Renewer], used: Renewer | None) -> tuple[Finding, ...]:
    """A warning where others are renewed in a way that the move may take away."""
    names = [name for one in known if one is not used and one.over_http for name in one.names]
    if not names:
        return ()
    return (rules.RENEWALS_LEFT(program="acme.sh", names=", ".join(dict.fromkeys(names))),)

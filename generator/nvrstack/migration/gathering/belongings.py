"""What belongs to an installation beside its own definition: read, and never changed."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cryptography.x509 import ExtensionNotFound

from nvrstack.errors import HostError, InputError, NvrstackError
from nvrstack.host import install_files, rooted_files, unit_files
from nvrstack.host.docker import containers
from nvrstack.host.moonfire.database_copy import database_copy
from nvrstack.host.network import sockets
from nvrstack.host.rights import owner_of
from nvrstack.migration.around.certificate_proposal import Certified
from nvrstack.migration.around.ddclient_conf import read_ddclient_conf
from nvrstack.migration.around.ddns import Ddns, ddns_settings
from nvrstack.migration.around.firewall import FILES, firewall_findings
from nvrstack.migration.around.nginx.sites import NginxSites
from nvrstack.migration.around.own_names import own_names
from nvrstack.migration.around.renewal import DIRECTORY, hook_findings, read_renewal
from nvrstack.migration.around.renewers import config_dirs
from nvrstack.migration.around.schedules import (
    CERTBOT_CRONS,
    CERTBOT_TIMERS,
    CRON_DIRECTORIES,
    CRONTABS,
    DDCLIENT_SERVICES,
    NGINX_SERVICE,
    Schedules,
    cron_findings,
)
from nvrstack.migration.findings import Finding
from nvrstack.migration.gathering import rules
from nvrstack.migration.gathering.linked import linked_database, linked_samples
from nvrstack.migration.gathering.survey import Host
from nvrstack.migration.install import Install, User
from nvrstack.migration.moonfire.camera_names import hosts_file
from nvrstack.migration.moonfire.config import config_paths
from nvrstack.migration.moonfire.config_source import ConfigFile
from nvrstack.migration.moonfire.database import TABLES, read_database
from nvrstack.migration.moonfire.database_findings import (
    DatabaseFindings,
    database_findings,
    sample_paths,
)
from nvrstack.migration.moonfire.places import host_path, state_path
from nvrstack.migration.moonfire.rules import CONFIG_IS_DIRECTORY, IMAGE_FOREIGN
from nvrstack.migration.moonfire.versions import is_published
from nvrstack.pki.certificates import der, names_of, validity
from nvrstack.surroundings import Listener

BYTE_ORDER_MARK = "\ufeff"
"""What some editors begin a text with; it says nothing."""


@dataclass(frozen=True)
class Recordings:
    """The database's schema, None where it could not be read, and what it says about the move.

    `places` are the host's paths of all its directories of recordings.
    """

    schema: int | None
    findings: DatabaseFindings
    places: tuple[PurePosixPath, ...] = ()


def config_file(host: Host, install: Install) -> ConfigFile | None:
    """Moonfire's configuration file: the named one, or the first that the install may read."""
    if host.config is not None:
        text = rooted_files.read_text(Path("/"), str(host.config.resolve()))
        if text is None:
            raise InputError(
                f"{host.config}: there is no such file", "check --moonfire-config, or leave it out"
            )
        return ConfigFile(str(host.config), text.removeprefix(BYTE_ORDER_MARK))
    for path in config_paths(install):
        text = rooted_files.read_text(host.root, path)
        if text is not None:
            return ConfigFile(str(path), text.removeprefix(BYTE_ORDER_MARK))
    return None


def about_config(host: Host, install: Install) -> tuple[Finding, ...]:
    """A warning where the configuration file is a directory."""
    paths = () if host.config is not None else config_paths(install)
    return tuple(CONFIG_IS_DIRECTORY(path=path) for path in paths if _is_directory(host, path))


def about_image(install: Install) -> tuple[Finding, ...]:
    """A warning about an image that may hold more than Moonfire."""
    if not install.image or ("build" not in install.other_options and is_published(install.image)):
        return ()
    return (IMAGE_FOREIGN(image=install.image),)


def recordings(host: Host, install: Install, database: PurePosixPath) -> Recordings:
    """What Moonfire's database says; `database` is its directory as Moonfire sees it."""
    place = host_path(install, database)
    directory = None if place is None else rooted_files.resolved(host.root, place)
    if directory is None:
        return _unread(f"no directory of this host is mounted at {database}")
    try:
        with database_copy(directory, TABLES) as connection:
            found = read_database(connection)
    except NvrstackError as error:
        return _unread(error.message, error.hint)
    places = sample_paths(found, install)
    absent = [path for path in places if not _is_directory(host, path)]
    hosts = hosts_file(rooted_files.read_text(host.root, "/etc/hosts") or "")
    state = state_path(database)
    links = linked_samples(host, install, places, state)
    told = database_findings(found, install, hosts, absent, state, links)
    linked = linked_database(host, install, database)
    told = replace(told, blockers=(*linked, *told.blockers))
    return Recordings(found.schema, told, places)


def _unread(problem: str, hint: str = "") -> Recordings:
    hint = hint or "check that this is the install in use"
    blocker = rules.DATABASE_UNREAD(problem=problem, hint=hint)
    return Recordings(None, DatabaseFindings(blockers=(blocker,)))


def _is_directory(host: Host, path: PurePosixPath) -> bool:
    place = rooted_files.resolved(host.root, path)
    return place is not None and place.is_dir()


def state_owner(host: Host, install: Install, database: PurePosixPath) -> User | None:
    """Whom Moonfire's state directory, with its `database`, belongs to."""
    path = host_path(install, state_path(database)) or host_path(install, database)
    place = None if path is None else rooted_files.resolved(host.root, path)
    owner = None if place is None else owner_of(place)
    return None if owner is None else User(*owner)


def name_taken(host: Host, install: Install, name: str) -> tuple[Finding, ...]:
    """A blocker where Compose would take somebody else's containers for those of project `name`.

    It tells its containers by the project's name alone, and replaces those of services it knows.
    """
    others: tuple[str, ...] = ()
    if host.asks_engine:
        with suppress(HostError):
            others = containers.of_project(name)
    if install.source == "compose" and install.container_name.startswith(f"{name}-"):
        others = (install.container_name, *others)
    if not others:
        return ()
    return (rules.PROJECT_NAME_TAKEN(name=name, other=others[0]),)


def certificates(host: Host) -> tuple[tuple[Certified, ...], tuple[Finding, ...]]:
    """The lineages of the host's certbot that have a certificate, and what to know about them."""
    files = install_files.certbot_files(host.root)
    found = []
    for name, text in files.renewals.items():
        certificate = files.certificates.get(name)
        if certificate is None:
            continue
        try:
            domains = names_of(certificate)
        except (ValueError, ExtensionNotFound):
            continue
        server = read_renewal(name, text).server.removeprefix("https://")
        lineage = read_renewal(name, text, domains, files.accounts.get(server, ()))
        held = lineage.credentials and rooted_files.read_text(host.root, lineage.credentials)
        found.append(Certified(lineage, text, domains, validity(certificate)[1], held or None))
    warnings = [warning for each in found for warning in each.lineage.warnings]
    if found:
        warnings += hook_findings(*install_files.certbot_hooks(host.root))
        warnings += cron_findings(cron_files(host))
    return tuple(found), tuple(warnings)


def cron_files(host: Host) -> dict[str, str]:
    """The cron files that a move leaves as they are, with their texts."""
    places = [
        f"{d}/{name}" for d in CRON_DIRECTORIES for name in rooted_files.names_in(host.root, d)
    ]
    paths = [path for path in (*CRONTABS, *places) if path not in CERTBOT_CRONS]
    texts = {path: rooted_files.read_text(host.root, path) for path in paths}
    return {path: text for path, text in texts.items() if text is not None}


def with_lineage(host: Host, nginx: NginxSites) -> NginxSites:
    """The sites of nginx, with certbot's own path in place of a link to its file, or a copy."""
    name = _lineage_of(host, nginx.certificate) if nginx.certificate else None
    if name is None:
        return nginx
    live = f"{DIRECTORY}/live/{name}"
    return replace(nginx, certificate=f"{live}/fullchain.pem", key=f"{live}/privkey.pem")


def _lineage_of(host: Host, path: str) -> str | None:
    """The lineage whose certificate is at `path`."""
    place = rooted_files.resolved(host.root, path)
    for kept in ("live", "archive"):
        base = host.root / DIRECTORY.strip("/") / kept
        if place is not None and place.is_relative_to(base) and place != base:
            return place.relative_to(base).parts[0]
    try:
        served = der(rooted_files.read_bytes(host.root, path) or b"")
        files = install_files.certbot_files(host.root)
        return next((n for n, pem in files.certificates.items() if der(pem) == served), None)
    except (ValueError, HostError):
        return None


def ddns(host: Host, domain: str | None) -> Ddns:
    """The settings that the host's ddclient amounts to, for `domain` if it can; none without."""
    text = install_files.ddclient_conf(host.root)
    if text is None:
        return Ddns()
    try:
        return ddns_settings(read_ddclient_conf(text), domain)
    except InputError as error:
        return Ddns(warnings=(rules.DDNS_UNREAD(problem=error.message, hint=error.hint),))


def names(host: Host) -> frozenset[str]:
    """The host's own names and addresses, by which its proxy may know Moonfire."""
    hostname, hosts, fib_trie = (
        rooted_files.read_text(host.root, path) or ""
        for path in ("/etc/hostname", "/etc/hosts", "/proc/net/fib_trie")
    )
    return own_names(hostname.strip(), hosts, fib_trie)


def firewall(host: Host) -> tuple[Finding, ...]:
    """What to know about the host's firewall."""
    texts: Mapping[str, str | None] = {
        file: rooted_files.read_text(host.root, file) for file in FILES
    }
    return firewall_findings({file: text for file, text in texts.items() if text is not None})


def schedules(host: Host) -> Schedules:
    """Who renews certificates and updates names on the host."""
    units = unit_files.enabled_units(
        host.root, (*CERTBOT_TIMERS, *DDCLIENT_SERVICES, NGINX_SERVICE)
    )
    texts = {file: rooted_files.read_text(host.root, file) for file in CERTBOT_CRONS}
    crons = [file for file, text in texts.items() if text is not None and not config_dirs([text])]
    return Schedules(frozenset(units), tuple(crons))


def listening(host: Host) -> tuple[Listener, ...]:
    """Every TCP socket that listens on the host."""
    return sockets.listeners(host.root)


def takers(host: Host, ports: tuple[int, ...], bind: Collection[str] = ()) -> dict[int, str]:
    """The programs that listen where the project wants to, by port; "?" where unknown.

    It wants `ports` on every IPv4 address, or on those of `bind` alone.
    """
    found = [one for one in sockets.listeners(host.root, ports) if _takes(one, bind)]
    owners = sockets.programs([one.inode for one in found], host.root)
    return {listener.port: owners.get(listener.inode, "?") for listener in found}


def _takes(listener: Listener, bind: Collection[str]) -> bool:
    there = listener.address.is_unspecified or not bind or str(listener.address) in bind
    return there and listener.takes(listener.port)

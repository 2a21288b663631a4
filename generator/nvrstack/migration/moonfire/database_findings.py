"""What the database makes necessary before or after a move, and what it forbids."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import PurePosixPath

from nvrstack.migration.findings import Finding, Remarks
from nvrstack.migration.install import Install, Mount, Source
from nvrstack.migration.moonfire import rules
from nvrstack.migration.moonfire.camera_names import trouble_with
from nvrstack.migration.moonfire.database import KNOWN, Account, Database, SampleDirectory, Stream
from nvrstack.migration.moonfire.links import Links, astray, led
from nvrstack.migration.moonfire.places import STATE, covering, host_path, outermost

ACCOUNTS_BY_HAND: Mapping[Source, str] = {
    "nvr-script": "sudo nvr stop; sudo nvr config; sudo nvr start",
    "container": "run its image with the same mounts and `config`, while the container is stopped",
    "compose": "docker compose stop moonfire-nvr; docker compose run --rm moonfire-nvr config",
    "systemd": "sudo systemctl stop moonfire-nvr; sudo -u moonfire-nvr moonfire-nvr config",
}
"""How each kind of install reaches Moonfire's own editor of accounts."""
VIEW = "viewVideo"
"""The permission without which no stream is shown (upstream: db/proto/schema.proto)."""


@dataclass(frozen=True)
class DatabaseFindings:
    """What is said about the database, and the sample directories that the project must mount.

    `sample_dirs` is for the setting `moonfire.sample_dirs`: without those in the state directory
    or in another one of them. `notes` says of what is mounted beyond what the database names.
    """

    sample_dirs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()


def sample_paths(database: Database, install: Install) -> tuple[PurePosixPath, ...]:
    """The host's paths of the sample directories, so that it can be seen which exist."""
    paths = (host_path(install, PurePosixPath(d.path)) for d in database.directories)
    return tuple(path for path in paths if path is not None)


def database_findings(
    database: Database,
    install: Install,
    hosts: Mapping[str, str],
    absent: Collection[PurePosixPath] = (),
    state: PurePosixPath = STATE,
    links: Links | None = None,
) -> DatabaseFindings:
    """Everything that the database says about the move of `install`.

    `hosts` is this machine's hosts(5) file; `absent` has those of `sample_paths` that do not exist.
    `state` is Moonfire's path of what becomes the state directory. `links` are those on the way to
    the recordings that lead out of what the project mounts.
    """
    links = links or Links()
    remarks = Remarks()
    remarks.add(*_old_hashes(database.accounts), *_udp(database.streams))
    remarks.add(*_names(database.streams, hosts), *_sees_nothing(database.accounts))
    if database.schema in KNOWN:
        remarks.add(*_nobody(database.accounts, install.source))
    sample_dirs = []
    for directory in database.directories:
        path = PurePosixPath(directory.path)
        place = host_path(install, path)
        problem = _problem(directory, install, place, absent) or astray(path, links)
        if problem is not None:
            # What no stream uses is in nobody's way.
            remarks.add(problem if directory.used else replace(problem, severity="warning"))
        elif path in links.mounts:
            sample_dirs.append(links.mounts[path])
            remarks.notes.append(led(path, links))
        elif state == STATE and _in_state(install, path):
            continue
        elif place == path:
            sample_dirs.append(path)
        else:
            mount = covering(install, path)
            if mount is None:
                raise ValueError(f"{path} is not mounted: _problem() looked")
            if PurePosixPath(mount.target) == STATE:
                remarks.add(rules.SAMPLE_DIR_BELOW_STATE(path=path, state=STATE, place=place))
            elif not _in_override(install, mount):
                remarks.add(
                    rules.SAMPLE_DIR_ELSEWHERE(path=path, source=mount.source, target=mount.target)
                )
    outer = tuple(map(str, outermost(sample_dirs)))
    return DatabaseFindings(
        outer, tuple(remarks.notes), tuple(remarks.warnings), tuple(remarks.blockers)
    )


def _nobody(accounts: tuple[Account, ...], source: Source) -> list[Finding]:
    able = [account for account in accounts if _signs_in(account)]
    if any(VIEW in account.permissions for account in able):
        return []
    what = "there is no account"
    if able:
        what = f"no account may view video ({', '.join(account.name for account in able)})"
    elif accounts:
        old = any(account.hash_form == "0.6" for account in accounts)
        what = f"every account is disabled or has no password{' that 0.7 takes' if old else ''}"
    return [rules.NOBODY_CAN_SIGN_IN(what=what, by_hand=ACCOUNTS_BY_HAND[source])]


def _signs_in(account: Account) -> bool:
    return not account.disabled and account.hash_form == "current"


def _sees_nothing(accounts: tuple[Account, ...]) -> list[Finding]:
    """A warning about accounts that may not view, where others may."""
    able = [account for account in accounts if _signs_in(account)]
    blind = [account.name for account in able if VIEW not in account.permissions]
    if not blind or len(blind) == len(able):
        return []
    return [rules.CANNOT_VIEW(names=", ".join(blind))]


def _old_hashes(accounts: tuple[Account, ...]) -> list[Finding]:
    return [
        rules.OLD_PASSWORD(name=account.name)
        for account in accounts
        if account.hash_form == "0.6" and not account.disabled
    ]


def _udp(streams: tuple[Stream, ...]) -> list[Finding]:
    return [
        rules.UDP_STREAM(stream=stream.type, camera=stream.camera)
        for stream in streams
        if stream.udp
    ]


def _names(streams: tuple[Stream, ...], hosts: Mapping[str, str]) -> list[Finding]:
    """One finding for each host, with the cameras that it stands for."""
    found = []
    named = sorted((s.host, s.camera) for s in streams if s.host)
    for host, group in groupby(named, key=lambda pair: pair[0]):
        found.append(trouble_with(host, hosts, ", ".join(sorted({camera for _, camera in group}))))
    return [finding for finding in found if finding is not None]


def _in_state(install: Install, path: PurePosixPath) -> bool:
    """Whether the mount of the state directory brings the directory along."""
    return path.is_relative_to(STATE) and covering(install, path) == covering(install, STATE)


def _problem(
    directory: SampleDirectory,
    install: Install,
    place: PurePosixPath | None,
    absent: Collection[PurePosixPath],
) -> Finding | None:
    path = PurePosixPath(directory.path)
    consequence = "Moonfire does not start without it" if directory.used else "no stream uses it"
    if install.source != "systemd" and covering(install, path) is None:
        return rules.SAMPLE_DIR_NOT_MOUNTED(path=path, consequence=consequence)
    if place is not None and place in absent:
        return rules.SAMPLE_DIR_ABSENT(place=place, consequence=consequence)
    return None


def _in_override(install: Install, mount: Mount) -> bool:
    """Whether the project's compose.override.yaml mounts it as it is."""
    return mount.type == "bind" or (mount.source is not None and install.source != "compose")

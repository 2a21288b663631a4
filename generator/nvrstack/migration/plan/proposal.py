"""The settings that a project needs in order to go on where an installation stops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from nvrstack.migration.around import rules as found_around
from nvrstack.migration.around.certificate_proposal import (
    Certified,
    certificate_settings,
    certified_for,
    challenge_settings,
    own_certificate,
)
from nvrstack.migration.around.ddns import Ddns
from nvrstack.migration.around.front_doors import FrontDoor
from nvrstack.migration.around.nginx.sites import NginxSites
from nvrstack.migration.around.renewers import Renewer
from nvrstack.migration.findings import Finding, Remarks
from nvrstack.migration.install import Install, User
from nvrstack.migration.moonfire.places import (
    covering,
    host_path,
    state_directory,
    state_path,
)
from nvrstack.migration.plan import rules
from nvrstack.settings.answers import from_value
from nvrstack.settings.load import lookup, merge
from nvrstack.settings.names import public_suffix_problem

ACME_STACKS = frozenset({"public", "router-ddns", "dns-challenge"})
OWN = "own-certificate"
DEFAULT_DOMAIN = "nvr.home.arpa"
"""For a home without a domain of its own (RFC 8375)."""


@dataclass(frozen=True)
class Surroundings:
    """What else on the host belongs to the installation, `owner` being the state directory's."""

    nginx: NginxSites
    certificates: Sequence[Certified]
    ddns: Ddns
    owner: User | None
    renewer: Renewer | None = None
    doors: Sequence[FrontDoor] = ()


@dataclass(frozen=True)
class Proposal:
    """Settings in the shape of `nvrstack.toml`, and their secrets."""

    data: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()


def propose_settings(
    install: Install,
    version: str,
    database: PurePosixPath,
    sample_dirs: Sequence[str],
    around: Surroundings,
    given: Mapping[str, Any],
) -> Proposal:
    """Everything that the host tells about the new settings; what is `given` is not guessed.

    `version` is the tag of the Moonfire to run, `database` the directory of its database as the old
    one sees it, `sample_dirs` are the directories of recordings outside the state directory.
    """
    said = Remarks()
    data: dict[str, Any] = {"schema": 1}
    data = merge(data, {"moonfire": _moonfire(install, version, sample_dirs, around, said)})
    data = merge(data, {"moonfire": _state_dir(install, database, said)})
    names = _names(around, given, said)
    data = merge(data, {"site": {**names, **_ports(around.nginx, given, said)}})
    domain = lookup(given, "site.domain") or names["domain"]
    own = _lasting(own_certificate(around.nginx, domain), around, given, said)
    ddns = around.ddns if not own else Ddns()
    certified = certified_for(around.certificates, domain)
    stack = lookup(given, "stack") or _stack(around, domain, given, own=bool(own), said=said)
    data["stack"] = stack
    secrets: dict[str, str] = {}
    if stack == OWN:
        data = merge(data, {"certificate": own})
    elif stack in ACME_STACKS and certified is not None:
        data = merge(data, {"certificate": certificate_settings(certified.lineage)})
        by_dns = challenge_settings(certified.lineage, given)
        data = merge(data, {"certificate": by_dns})
        other = lookup(given, "certificate.dns_provider")
        if by_dns and other in {None, by_dns["dns_provider"]}:
            said.notes.append(_by_dns(certified, by_dns))
            if certified.credentials is not None:
                secrets["dns_credentials"] = certified.credentials
    if stack == "public":
        for key, value in ddns.settings.items():
            data = merge(data, from_value(key, value))
        if ddns.password is not None:
            secrets["ddns_password"] = ddns.password
        said.warnings += ddns.warnings
    elif stack in ACME_STACKS and ddns.warnings and not ddns.settings:
        # The host's ddclient goes on, since nvrstack cannot take its place.
        data = merge(data, {"ddns": {"updater": "none"}})
        said.warnings += ddns.warnings
    return Proposal(
        data,
        secrets,
        tuple(said.notes),
        tuple(said.warnings),
        tuple(said.blockers),
    )


def _lasting(
    own: dict[str, Any], around: Surroundings, given: Mapping[str, Any], said: Remarks
) -> dict[str, Any]:
    """The host's own certificate, none where who renews it could no longer do so."""
    renewer, stack = around.renewer, lookup(given, "stack")
    if not own or renewer is None or not renewer.over_http or stack not in {None, OWN}:
        return own
    ends, renewed = found_around.CERTIFICATE_ENDS, found_around.CERTIFICATE_RENEWED
    rule = ends if stack == OWN else renewed
    said.add(
        rule(
            certificate=around.nginx.certificate,
            program=renewer.program,
            file=renewer.file,
            name=around.nginx.domain,
        )
    )
    return own if stack == OWN else {}


def _moonfire(
    install: Install, version: str, sample_dirs: Sequence[str], around: Surroundings, said: Remarks
) -> dict[str, Any]:
    found: dict[str, Any] = {"version": version}
    user = install.user or around.owner
    if user is None:
        said.add(rules.USER_UNKNOWN())
    else:
        found |= {"uid": user.uid, "gid": user.gid}
        if install.user is None:
            said.notes.append(
                f"Moonfire runs as {user.uid}:{user.gid}, to whom its database belongs"
            )
    if install.timezone is not None:
        found["timezone"] = install.timezone
    if sample_dirs:
        found["sample_dirs"] = tuple(sample_dirs)
    return found


def _state_dir(install: Install, database: PurePosixPath, said: Remarks) -> dict[str, Any]:
    state = state_directory(install, database)
    if state is None:
        said.add(_no_state(install, database))
        return {}
    if host_path(install, state_path(database)) is None:
        said.add(rules.STATE_ABOVE_DATABASE(database=state / database.name, state=state))
    return {"state_dir": str(state)}


def _no_state(install: Install, database: PurePosixPath) -> Finding:
    path = state_path(database)
    place, mount = host_path(install, database), covering(install, database)
    if place is not None:
        around = host_path(install, path)
        told = {"database": place, "target": database, "state": path}
        if around is not None:
            return rules.DATABASE_INSIDE(**told, place=around)
        return rules.STATE_APART(**told)
    if mount is not None and mount.type == "volume":
        inside = PurePosixPath(mount.target)
        where = inside if inside.is_relative_to(path) else path
        return rules.STATE_IN_VOLUME(name=mount.source or "without a name", path=where)
    return rules.STATE_NOT_MOUNTED(path=path)


def _names(around: Surroundings, given: Mapping[str, Any], said: Remarks) -> dict[str, Any]:
    nginx = around.nginx
    if nginx.domain is not None:
        names: dict[str, Any] = {"domain": nginx.domain}
        if nginx.aliases:
            names["aliases"] = nginx.aliases
        if nginx.redirects:
            names["redirects"] = nginx.redirects
        if nginx.short_names:
            names["short_names"] = nginx.short_names
        return names
    leading = [door for door in around.doors if door.port is not None]
    full = [name for door in leading for name in door.names if "." in name]
    full = [name for name in full if public_suffix_problem(name) is None] or full
    if full:
        said.notes.append(f"the domain is the one of {leading[0].program} ({leading[0].file})")
        short = tuple(dict.fromkeys(n for d in leading for n in d.names if "." not in n))
        further = tuple(dict.fromkeys(name for name in full if name != full[0]))
        return {
            "domain": full[0],
            **({"aliases": further} if further else {}),
            **({"short_names": short} if short else {}),
        }
    certified = [name for c in around.certificates for name in c.domains if "*" not in name]
    updated = around.ddns.settings.get("ddns.hosts", ())
    candidates = list(dict.fromkeys([*certified, *updated]))
    if candidates:
        if len(candidates) > 1 and not lookup(given, "site.domain"):
            said.add(rules.DOMAIN_GUESSED(names=", ".join(candidates)))
        return {"domain": candidates[0]}
    if leading and not lookup(given, "site.domain"):
        door = leading[0]
        said.add(found_around.FRONT_DOOR_UNREAD(program=door.program, file=door.file))
    elif not lookup(given, "site.domain"):
        said.add(rules.NO_DOMAIN(domain=DEFAULT_DOMAIN))
    return {"domain": DEFAULT_DOMAIN}


def _ports(nginx: NginxSites, given: Mapping[str, Any], said: Remarks) -> dict[str, Any]:
    """The ports of this host that its nginx has for Moonfire, where they are not the usual ones."""
    found: dict[str, Any] = {}
    if nginx.http_port is not None:
        found["http_port"] = nginx.http_port
    if nginx.https_port is None:
        return found
    found["https_port"] = nginx.https_port
    said.notes.append(f"https stays on port {nginx.https_port} of this machine, as in its nginx")
    if nginx.public_https_port in nginx.fronting_ports:
        said.notes.append(
            f"port {nginx.public_https_port} of its nginx goes on leading there; keep that service"
        )
    if nginx.public_https_port is not None:
        found["public_https_port"] = nginx.public_https_port
    elif lookup(given, "site.public_https_port") is None:
        said.add(rules.PUBLIC_PORT(port=nginx.https_port))
    return found


def _stack(
    around: Surroundings, domain: str, given: Mapping[str, Any], *, own: bool, said: Remarks
) -> str:
    if own:
        said.notes.append(f"{around.nginx.certificate} stays the certificate, as you brought it")
        if around.ddns.settings or around.ddns.warnings:
            said.add(rules.DDNS_LEFT())
        return OWN
    certified = certified_for(around.certificates, domain)
    asked = certified or around.ddns.settings or lookup(given, "certificate") is not None
    if domain == DEFAULT_DOMAIN or (public_suffix_problem(domain) is not None and not asked):
        return "lan"
    if around.ddns.settings:
        return "public"
    by_dns = certified is not None and challenge_settings(certified.lineage, given)
    return "dns-challenge" if by_dns else "router-ddns"


def _by_dns(certified: Certified, settings: Mapping[str, Any]) -> str:
    """What is said of a certificate that goes on being got by DNS."""
    lineage = certified.lineage
    whose = f", with {lineage.credentials}" if certified.credentials is not None else ""
    return f"certificates go on being proved by DNS at {settings['dns_provider']}{whose}"

"""From what a host shows to the plan of its move. Nothing is changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from nvrstack.host import facts, rooted_files, unit_files
from nvrstack.host.docker import engine
from nvrstack.migration.around.nginx.other_sites import OtherSites, other_sites
from nvrstack.migration.around.nginx.sites import NginxSites
from nvrstack.migration.around.port_owners import front_door_findings, port_findings
from nvrstack.migration.around.rules import DDNS_SEVERAL, FRONT_DOOR_HOLDS
from nvrstack.migration.carry.accounted_networks import network_findings
from nvrstack.migration.carry.accounting import account, override_text
from nvrstack.migration.choice.detection import Choice, choose
from nvrstack.migration.findings import Finding, Remarks
from nvrstack.migration.gathering import belongings, rules
from nvrstack.migration.gathering.seen import PlanRequest, Seen, look, moonfire_address
from nvrstack.migration.gathering.survey import SCRIPT, Host, survey, triggers
from nvrstack.migration.gathering.unread import without_guesses
from nvrstack.migration.install import Install
from nvrstack.migration.moonfire.config import ConfigProposal, propose
from nvrstack.migration.moonfire.places import DATABASE, host_path, own_port, state_path
from nvrstack.migration.moonfire.rules import (
    NOBODY_CAN_SIGN_IN,
)
from nvrstack.migration.moonfire.target import Target, target_version
from nvrstack.migration.moonfire.versions import Spelling, number, spelling_of
from nvrstack.migration.plan.move import Move
from nvrstack.migration.plan.plan import Plan, unique
from nvrstack.migration.plan.proposal import Proposal, propose_settings
from nvrstack.migration.plan.steps import steps
from nvrstack.migration.plan.takeover import (
    carried_certificates,
    has_to_give_way,
    left_to_certbot,
    replaced_nginx,
)
from nvrstack.projects.suggestions import suggest_subnet, suggestions
from nvrstack.rendering.context import lineages
from nvrstack.rendering.settings_file import settings_text
from nvrstack.settings.answers import Answers
from nvrstack.settings.complete import complete
from nvrstack.settings.load import lookup, merge
from nvrstack.settings.model import Settings, Site
from nvrstack.settings.problems import SettingsError

FRONT_PROGRAMS = frozenset({"caddy", "apache2", "httpd", "haproxy", "traefik"})
NOBODY = NOBODY_CAN_SIGN_IN.code


@dataclass(frozen=True)
class Planned:
    """A plan, None where no install was found, and what its execution needs.

    `settings` and `move` are None as long as the settings are not complete.
    """

    plan: Plan | None
    settings: Settings | None = None
    move: Move | None = None
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()


def make_plan(host: Host, request: PlanRequest) -> Planned:
    """The plan for the install on `host`. Raises NvrstackError where a file may not be read."""
    surveyed = survey(host)
    choice = choose(surveyed.candidates, request.source)
    told = (*surveyed.warnings, *choice.warnings)
    if choice.install is None:
        return Planned(None, warnings=unique(told), blockers=unique(choice.blockers))
    return _planned(host, request, choice, look(host, request, choice.install, told))


def _planned(host: Host, request: PlanRequest, choice: Choice, seen: Seen) -> Planned:
    install = seen.install
    target = target_version(install, seen.recorded.schema, request.version)
    proposal = propose_settings(
        install,
        target.version,
        seen.before.database,
        seen.recorded.findings.sample_dirs,
        seen.around,
        request.given.data,
    )
    secrets = {**proposal.secrets, **request.secrets}
    found = _defaults(host, request, install, proposal)
    others = _other_sites(host, request, seen.nginx, found)
    if others.tables:
        found["sites"] = others.tables
    settings, problems = _settings(request.given, found, secrets)
    config = propose(
        install,
        seen.file,
        moonfire_address(settings),
        _spelling(target.version),
        _proxied(seen),
    )
    warnings = [*seen.warnings, *target.warnings, *config.warnings, *proposal.warnings]
    warnings += others.warnings
    said = Remarks()
    said.add(*network_findings(install))
    move = None
    if settings is not None:
        takers = _takers(host, settings.site)
        said.add(*_about_ports(host, seen, settings.site, takers))
        said.add(*belongings.name_taken(host, install, settings.project.name))
        move = _move(host, request, seen, settings, config, secrets, takers, target)
        said.add(*left_to_certbot(seen.around.certificates, move.certificates))
    warnings += said.warnings
    blockers = [
        *choice.blockers,
        *seen.nginx.blockers,
        *others.blockers,
        *target.blockers,
        *config.blockers,
        *(f for f in seen.recorded.findings.blockers if not _settled(f, request)),
        *proposal.blockers,
        *problems,
        *said.blockers,
    ]
    plan = Plan(
        place=choice.place,
        project=str(request.directory),
        install=install,
        target=target,
        config=config,
        settings=settings_text(settings) if settings is not None else None,
        override=override_text(install, *_directories(seen, settings)),
        steps=steps(move) if move is not None else (),
        options=account(install, *_directories(seen, settings)),
        notes=(*config.notes, *seen.recorded.findings.notes, *proposal.notes),
        warnings=unique(without_guesses(warnings, choice.blockers)),
        blockers=unique(without_guesses(blockers, choice.blockers)),
    )
    return Planned(plan, settings, move, plan.warnings, plan.blockers)


def _proxied(seen: Seen) -> int | None:
    """Moonfire's end of what the old proxy reaches."""
    doors = (door.port for door in seen.around.doors if door.unit is not None)
    port = next((port for port in (seen.nginx.port, *doors) if port is not None), None)
    return own_port(seen.install, port) if port is not None else None


def _takers(host: Host, site: Site) -> Mapping[int, str]:
    """The programs that listen where the project is to."""
    ports = (site.http_port, site.https_port)
    return belongings.takers(host, ports, tuple(map(str, site.bind)))


def _about_ports(
    host: Host, seen: Seen, site: Site, takers: Mapping[int, str]
) -> tuple[Finding, ...]:
    """Who has the project's ports; of what is said of a front door, no port says it again."""
    doors = seen.around.doors
    enabled = unit_files.enabled_units(host.root, [door.unit for door in doors if door.unit])
    told = front_door_findings(doors, enabled, site.http_port, site.https_port)
    if any(finding.code == FRONT_DOOR_HOLDS.code for finding in told):
        held = {port for door in doors for port in door.ports}
        takers = {
            port: name
            for port, name in takers.items()
            if port not in held or name not in FRONT_PROGRAMS
        }
    return (*told, *port_findings(takers, site.http_port, site.https_port, seen.ports))


def _directories(seen: Seen, settings: Settings | None) -> tuple[tuple[str, ...], PurePosixPath]:
    """The sample directories that have a setting, and Moonfire's path of the state directory."""
    state = state_path(seen.before.database)
    if settings is None:
        return seen.recorded.findings.sample_dirs, state
    return tuple(map(str, settings.moonfire.sample_dirs)), state


def _settled(finding: Finding, request: PlanRequest) -> bool:
    return finding.code == NOBODY and request.first_user is not None


def _other_sites(
    host: Host, request: PlanRequest, nginx: NginxSites, found: Mapping[str, Any]
) -> OtherSites:
    data = merge(found, request.given.data)
    site = Site.model_fields
    wanted = tuple(
        lookup(data, f"site.{key}") or site[key].default for key in ("http_port", "https_port")
    )
    ports = tuple(port for port in wanted if isinstance(port, int))
    return other_sites(
        nginx,
        lookup(data, "network.lan_address"),
        belongings.listening(host),
        carry=request.carries_sites,
        gives_way=has_to_give_way(
            nginx,
            ports,
            belongings.takers(host, ports, lookup(data, "site.bind") or ()),
            belongings.schedules(host),
        ),
        given=[str(table.get("domain")) for table in lookup(request.given.data, "sites") or ()],
        domain=lookup(data, "site.domain"),
    )


def _move(
    host: Host,
    request: PlanRequest,
    seen: Seen,
    settings: Settings,
    config: ConfigProposal,
    secrets: Mapping[str, str],
    takers: Mapping[int, str],
    target: Target,
) -> Move:
    install = seen.install
    found = belongings.schedules(host)
    certificates = carried_certificates(settings, lineages(settings), seen.around.certificates)
    # Without a certificate that comes along, none of what runs certbot is the project's to stop.
    renews_all = bool(certificates) and not left_to_certbot(seen.around.certificates, certificates)
    # Who told everything else by hand was told that the host's ddclient goes on.
    ddns = seen.around.ddns
    several = any(warning.code == DDNS_SEVERAL.code for warning in ddns.warnings)
    taken_over = bool(ddns.settings) and not several
    gives_up_ddclient = settings.ddns.updater == "ddclient" and taken_over
    script = host.script or (Path(SCRIPT) if _has_script(host) else None)
    move = Move(
        project=PurePosixPath(request.directory),
        settings=settings_text(settings),
        moonfire_config=config.after,
        install=install,
        database=host_path(install, seen.before.database) or DATABASE,
        sample_dirs=seen.recorded.places,
        override=override_text(install, *_directories(seen, settings)),
        secrets=secrets,
        first_user=request.first_user,
        docker_host=request.docker_host,
        rootless=host.asks_engine and engine.is_rootless(),
        config=PurePosixPath(seen.file.path) if seen.file is not None else None,
        unit=f"{install.container_name}.service" if install.source == "systemd" else None,
        script=PurePosixPath(script) if script is not None else None,
        nginx=replaced_nginx(
            seen.nginx, (settings.site.http_port, settings.site.https_port), takers, found
        ),
        certificates=certificates,
        renewal_units=found.certbot_timers if renews_all else (),
        renewal_files=tuple(map(PurePosixPath, found.crons)) if renews_all else (),
        ddclient_units=found.ddclient_units if gives_up_ddclient else (),
        upgrades_schema=target.upgrades_schema,
    )
    return replace(move, triggers=triggers(host, move.units))


def _has_script(host: Host) -> bool:
    return rooted_files.read_start(host.root, SCRIPT, 1) is not None


def _spelling(tag: str) -> Spelling:
    """How the Moonfire that will run spells its settings; every one that can run has a file."""
    version = number(tag)
    return (spelling_of(version) if version is not None else None) or "camelCase"


def _defaults(
    host: Host, request: PlanRequest, install: Install, proposal: Proposal
) -> dict[str, Any]:
    """What nobody has to decide: this host's own suggestions below what the install tells."""
    found = suggestions(request.directory)
    name = found["project"]["name"]
    names = (name, "nvrstack", f"{name}-nvrstack")
    free = (each for each in names if not belongings.name_taken(host, install, each))
    found["project"]["name"] = next(free, name)
    zone = facts.time_zone(host.root)
    if zone is not None:
        found["moonfire"]["timezone"] = zone
    # Whom Moonfire runs as is the install's to say; a guess would lock it out of its recordings.
    for key in ("uid", "gid", "state_dir"):
        found["moonfire"].pop(key)
    if lookup(request.given.data, "network.backend_subnet") is None:
        found["network"]["backend_subnet"] = suggest_subnet()
    return merge(found, proposal.data)


def _settings(
    given: Answers, found: Mapping[str, Any], secrets: Mapping[str, str]
) -> tuple[Settings | None, list[Finding]]:
    """Valid settings, or a blocker for each thing wrong or missing."""
    try:
        return complete(given, found, secrets)[0], []
    except SettingsError as error:
        return None, [
            rules.SETTINGS(key=problem.key, problem=problem.message) for problem in error.problems
        ]

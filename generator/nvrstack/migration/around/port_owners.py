"""Whether the ports that the project publishes are free, or can be made so."""

from collections.abc import Collection, Mapping, Sequence

from nvrstack.migration.around import rules
from nvrstack.migration.around.front_doors import FrontDoor
from nvrstack.migration.findings import Finding

OURS = frozenset({"nginx"})
"""The program that gives way to the project's own nginx."""


def front_door_findings(
    doors: Sequence[FrontDoor], enabled: Collection[str], http_port: int, https_port: int
) -> tuple[Finding, ...]:
    """What stands in the way of the project's ports from the next boot on, or leads nowhere."""
    found = []
    for door in doors:
        held = sorted(door.ports & {http_port, https_port})
        others = f"; it also serves {', '.join(door.others)}" if door.others else ""
        if held and door.unit in enabled:
            found.append(
                rules.FRONT_DOOR_HOLDS(
                    program=door.program,
                    unit=door.unit,
                    file=door.file,
                    ports=" and ".join(f"port {port}" for port in held),
                    others=others,
                )
            )
        elif door.port is not None and (door.unit is None or door.unit in enabled):
            names = f" as {', '.join(door.names)}" if door.names else ""
            found.append(
                rules.FRONT_DOOR_LEADS(
                    program=door.program, file=door.file, names=names, port=https_port
                )
            )
    return tuple(found)


def port_findings(
    takers: Mapping[int, str], http_port: int, https_port: int, own: Collection[int]
) -> tuple[Finding, ...]:
    """A blocker for each port that another program holds; `takers` are programs by their port.

    `own` are the host's ports that lead to the old Moonfire.
    """
    found = []
    for key, port in (("http_port", http_port), ("https_port", https_port)):
        program = takers.get(port)
        if program is None or program in OURS:
            continue
        if port in own:
            found.append(rules.PORT_OF_MOONFIRE(port=port, key=key))
            continue
        name = "another program" if program == "?" else program
        found.append(rules.PORT_TAKEN(port=port, name=name, key=key))
    return tuple(found)

"""Whether the ports that the project publishes are free, or can be made so."""

from collections.abc import Collection, Mapping

from nvrstack.migration.around import rules
from nvrstack.migration.findings import Finding

OURS = frozenset({"nginx"})
"""The program that gives way to the project's own nginx."""


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

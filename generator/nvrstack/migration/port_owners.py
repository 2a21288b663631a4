"""Whether the ports that the project publishes are free, or can be made so."""

from collections.abc import Mapping

from nvrstack.migration.install import Finding, Install

OURS = frozenset({"nginx"})
"""The program that gives way to the project's own nginx."""


def port_findings(
    takers: Mapping[int, str], http_port: int, https_port: int, install: Install
) -> tuple[Finding, ...]:
    """A blocker for each port that another program holds; `takers` are programs by their port."""
    own = {port.host_port for port in install.ports}
    found = []
    for key, port in (("http_port", http_port), ("https_port", https_port)):
        program = takers.get(port)
        if program is None or program in OURS or port in own:
            continue
        name = "another program" if program == "?" else program
        found.append(
            Finding(
                "port-taken",
                f"port {port} is held by {name}, and the project's nginx needs it",
                f"stop {name} for good, or choose another port with --set site.{key}=PORT",
            )
        )
    return tuple(found)

"""Whether the ports that the project publishes are free, or can be made so."""

from collections.abc import Collection, Mapping

from nvrstack.migration.install import Finding

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
            found.append(
                Finding(
                    "port-of-moonfire",
                    f"port {port} is the old Moonfire's own, and the project's nginx needs it "
                    "while that still records",
                    f"choose another with --set site.{key}=PORT; after the move this one is free: "
                    f"nvrstack set site.{key} {port}",
                )
            )
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

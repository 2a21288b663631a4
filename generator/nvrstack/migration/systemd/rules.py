"""What may be found in a unit."""

from nvrstack.migration.findings import warning

# fmt: off
UNIT_NOT_UNDERSTOOD = warning("unit-not-understood",
    "{name} has to do with Moonfire in a way that is not understood: {command}",
    "if it starts Moonfire, let its ExecStart= do so directly and plan again; if nothing needs "
    "it, systemctl disable --now {name}")
UNIT_RUNS_CONTAINER = warning("unit-runs-container",
    "{name} starts a container with {program}; the container is the install",
    "after the move the unit must not start it again: systemctl disable {name}")
UNIT_WRAPPER = warning("unit-wrapper",
    "{name} starts Moonfire by {around}, which is not carried over",
    "limits of the new Moonfire go into the project's compose.override.yaml")
USER_UNKNOWN = warning("user-unknown",
    "the unit runs as {missing}, which this machine does not know",
    "look whom the database's files belong to")

"""What may be found in a unit."""

from nvrstack.migration.findings import blocker, warning

# fmt: off
UNIT_NOT_UNDERSTOOD = blocker("unit-not-understood",
    "{name} has to do with Moonfire in a way that is not understood: {command}",
    "if it starts Moonfire's program, let its ExecStart= do so directly and plan again; if it "
    "starts a container, or nothing needs it, systemctl disable --now {name}, and let Docker keep "
    "the container (--restart=unless-stopped)")
UNIT_RUNS_CONTAINER = blocker("unit-runs-container",
    "{name} starts Moonfire's container with {program}; the move does not stop it, and it would "
    "start the old one beside the new one",
    "systemctl disable --now {name}, {instead}, and plan again; should {name} stop Docker or "
    "remove volumes, look into its ExecStop= first")
UNIT_OTHER_ENGINE = blocker("other-engine",
    "{name} starts Moonfire with {program}, and nvrstack moves Docker's containers alone",
    "move it to Docker first, or set up nvrstack anew with `nvrstack init`")
UNIT_TEMPLATE = blocker("unit-template",
    "{name} is a template for units that start Moonfire, and none of it is enabled",
    "enable the one that you use, systemctl enable {prefix}@NAME, and plan again; if there is "
    "none, remove the template")
UNIT_OF_USER = blocker("unit-of-user",
    "{name} starts Moonfire as a unit of a user's own manager, of which a move stops none",
    "end it with systemctl --user disable --now {unit}; let the system start it instead, from a "
    "unit in /etc/systemd/system with User= and WantedBy=multi-user.target (or Docker, if it "
    "starts a container), and plan again")
UNIT_OTHER_FILES = blocker("unit-other-files",
    "{name} shows Moonfire other files than this host has at the same paths, by {keys}; a move "
    "would look for the database and the recordings in the wrong place",
    "let the directories be where Moonfire sees them on the host too, such as by a line `PLACE "
    "PATH none bind 0 0` in /etc/fstab and mount -a, take that out of the unit, restart it, and "
    "plan again")
UNIT_DYNAMIC_USER = blocker("unit-dynamic-user",
    "{name} runs as a user that systemd makes up at each start (DynamicUser=), whom nobody can be "
    "later",
    "make a user for Moonfire, name it with User= in place of DynamicUser=, give it the database "
    "and the recordings with chown --recursive, restart the unit, and plan again")
UNIT_TRIGGERED = warning("unit-triggered",
    "{name} is started by {triggers} too",
    "the move stops and disables that with it, and the way back brings it again; what connected to "
    "a socket of systemd's uses the https address from then on")
UNIT_WRAPPER = warning("unit-wrapper",
    "{name} starts Moonfire by {around}, which is not carried over",
    "limits of the new Moonfire go into the project's compose.override.yaml")
USER_UNKNOWN = warning("user-unknown",
    "the unit runs as {missing}, which this machine does not know",
    "look whom the database's files belong to")

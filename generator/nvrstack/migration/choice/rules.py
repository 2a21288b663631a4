"""What may be found where several installs are compared."""

from nvrstack.migration.findings import blocker, warning

# fmt: off
SEVERAL_ACTIVE = blocker("several-active",
    "Moonfire is installed more than once, and each may record: {places}",
    "stop and disable all but the one that you use, and plan again")
SEVERAL_INSTALLS = blocker("several-installs",
    "Moonfire is installed more than once: {places}; which one is in use could not be told",
    "name it with --from, one of {sources}, or a compose file with --compose-file, or remove what "
    "is not used")
NO_INSTALL = blocker("no-install",
    "no Moonfire was found: no nvr script, container, compose file or systemd unit that could "
    "be understood",
    "name the script with --nvr-script FILE, or the compose file with --compose-file FILE; for a "
    "new install there is `nvrstack init`")
NO_INSTALL_WANTED = blocker("no-install",
    "no {wanted} of Moonfire's was found, but {places}",
    "leave --from out, or name what was found")
OTHER_INSTALL = warning("other-install",
    "{place} describes a Moonfire too, which does not run; it is left as it is",
    "remove it after the move, so that nobody starts it by accident")
OTHER_ACTIVE = blocker("other-active",
    "{place} is the Moonfire that runs, and not the one to move",
    "leave --from out to move it, or stop and disable it")
DIFFERS = warning("differs",
    "{what}: {one} has {first}, {other} has {second}",
    "choose which of the two is meant")
DIFFERS_FROM_CONTAINER = warning("differs",
    "{what}: {one} has {first}, {other} has {second}",
    "the container counts, because that is what ran")

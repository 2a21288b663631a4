"""What becomes of what is no option of docker's: keys of Compose and of systemd.

Of Compose by their keys with dashes, of systemd by section and key:
https://docs.docker.com/reference/compose-file/services/ , systemd.exec(5).
"""

from collections.abc import Mapping

from nvrstack.migration.docker.option_table import (
    AT_MOST,
    BY_NAME,
    CHECKS,
    LINKED,
    NO_CAPABILITIES,
    SEPARATE,
    UP,
    UPGRADE,
    WINDOWS,
    WRITE_IT,
    Carried,
    LeftOut,
    Replaced,
)

GRACE = Replaced("90 seconds, as some cameras are slow to say good-bye")
CONFINED = Replaced("a container that sees Moonfire's own directories alone, all else read-only")
LOGS = Replaced("docker compose logs moonfire-nvr")

OF_COMPOSE: Mapping[str, Replaced | LeftOut] = {
    "stdin-open": UP,
    "build": Replaced("the published image of moonfire.image and moonfire.version"),
    "healthcheck": CHECKS,
    "depends-on": Replaced("services that wait for each other by themselves"),
    "networks": Replaced("the project's networks"),
    "cgroup": SEPARATE,
    "credential-spec": WINDOWS,
    "external-links": LINKED,
    "links": LINKED,
    "pull-policy": UPGRADE,
    "extends": LeftOut(f"the file that it names is not read; {WRITE_IT}"),
    "deploy": LeftOut(f"limits of its kind have settings and keys of their own; {WRITE_IT}"),
    "profiles": LeftOut("the project always starts Moonfire"),
    "scale": LeftOut("only one Moonfire can have the database open"),
}
OF_SYSTEMD: Mapping[str, Replaced | LeftOut] = {
    "Service.CapabilityBoundingSet": NO_CAPABILITIES,
    "Service.LogRateLimitBurst": LOGS,
    "Service.LogRateLimitIntervalSec": LOGS,
    "Service.NoNewPrivileges": Replaced("the same in the project"),
    "Service.PrivateTmp": CONFINED,
    "Service.ProtectHome": CONFINED,
    "Service.ProtectSystem": CONFINED,
    "Service.ReadOnlyPaths": CONFINED,
    "Service.ReadWritePaths": CONFINED,
    "Service.StandardError": LOGS,
    "Service.StandardOutput": LOGS,
    "Service.SyslogIdentifier": LOGS,
    "Service.TasksMax": AT_MOST,
    "Service.TimeoutStopSec": GRACE,
    "Unit.RequiresMountsFor": Replaced(
        "mounts that must exist: the container does not start without them"
    ),
    "Service.RestartSec": Replaced("Docker's own pauses between restarts"),
    "Service.WorkingDirectory": Replaced("whole paths: what counted from it is named in full"),
    "Service.EnvironmentFile": LeftOut(f"its variables are not known here; {WRITE_IT}"),
    "Service.Nice": LeftOut(
        "Compose has no key for it; give Moonfire cpu_shares in compose.override.yaml"
    ),
    "Service.ExecStartPre": LeftOut("nothing runs on the host before the container starts"),
    "Service.ExecStartPost": LeftOut("nothing runs on the host once the container runs"),
    "Service.ExecStopPost": LeftOut("nothing runs on the host once the container ended"),
}
BY_PREFIX: Mapping[str, str] = {
    "Service.": "it is systemd's own, and Moonfire runs in a container now",
    "Unit.": "Docker starts the container, in no order with systemd's units",
    "Install.": "Docker starts the container at boot",
}
"""Reasons for all other keys of a unit."""
UNFAMILIAR = f"nvrstack does not know it; {WRITE_IT}"
NOT_UNDERSTOOD = f"its value is not understood; {WRITE_IT}"


def fate_of(name: str) -> Carried | Replaced | LeftOut:
    """What becomes of an option or key; one that nobody knows is left out."""
    option = BY_NAME.get(name)
    if option is not None and option.fate is not None:
        return option.fate
    reasons = (LeftOut(reason) for prefix, reason in BY_PREFIX.items() if name.startswith(prefix))
    further = OF_COMPOSE.get(name) or OF_SYSTEMD.get(name)
    return further or next(reasons, LeftOut(UNFAMILIAR))

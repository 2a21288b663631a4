"""Options that the new project replaces or leaves out, each with the reason in words.

Options of `docker run` by their long names, of Compose by their keys with dashes, of systemd by
section and key: https://docs.docker.com/reference/cli/docker/container/run/ ,
https://docs.docker.com/reference/compose-file/services/ , systemd.exec(5).
"""

from collections.abc import Mapping

UP = "docker compose up -d, which starts it in the background"
CHECKS = "nvrstack status, which asks Moonfire over http: its image has no program to ask it with"
WINDOWS = "it has no meaning on Linux"
NEEDLESS = "Moonfire needs no rights beyond its own files and the network"
CONFINED = "a container that sees Moonfire's own directories alone, all else read-only"
LOGS = "docker compose logs moonfire-nvr"
SEPARATE = "Moonfire needs nothing of the host's other processes"
OLD_NETWORK = "it belongs to the old container's place in its network"
WRITE_IT = "if Moonfire needs it, write it into compose.override.yaml"

REPLACED: Mapping[str, str] = {
    "attach": UP,
    "cap-drop": "all capabilities are dropped",
    "cidfile": "docker compose ps -q tells the container's id",
    "detach": UP,
    "detach-keys": UP,
    "interactive": UP,
    "stdin-open": UP,
    "tty": UP,
    "sig-proxy": UP,
    "quiet": UP,
    "rm": "the container stays and is started again after a power cut",
    "pull": "nvrstack upgrade, which changes the version when you ask for it",
    "pull-policy": "nvrstack upgrade, which changes the version when you ask for it",
    "build": "the published image of moonfire.image and moonfire.version",
    "expose": "nginx, which is the only way in",
    "publish-all": "nginx, which is the only way in",
    "read-only": "the container's root is read-only, with a tmpfs for what SQLite writes",
    "pids-limit": "the limit of 512 processes and threads",
    "health-cmd": CHECKS,
    "health-interval": CHECKS,
    "health-retries": CHECKS,
    "health-start-interval": CHECKS,
    "health-start-period": CHECKS,
    "health-timeout": CHECKS,
    "healthcheck": CHECKS,
    "no-healthcheck": CHECKS,
    "workdir": "whole paths: nothing in the project counts from a working directory",
    "entrypoint": "the image's own program",
    "depends-on": "services that wait for each other by themselves",
    "networks": "the project's networks",
    "Service.CapabilityBoundingSet": "all capabilities are dropped",
    "Service.LogRateLimitBurst": LOGS,
    "Service.LogRateLimitIntervalSec": LOGS,
    "Service.NoNewPrivileges": "the same in the project",
    "Service.PrivateTmp": CONFINED,
    "Service.ProtectHome": CONFINED,
    "Service.ProtectSystem": CONFINED,
    "Service.ReadOnlyPaths": CONFINED,
    "Service.ReadWritePaths": CONFINED,
    "Service.StandardError": LOGS,
    "Service.StandardOutput": LOGS,
    "Service.SyslogIdentifier": LOGS,
    "Service.TasksMax": "the limit of 512 processes and threads",
    "Service.TimeoutStopSec": "90 seconds, as some cameras are slow to say good-bye",
    "Unit.RequiresMountsFor": "mounts that must exist: the container does not start without them",
    "Service.RestartSec": "Docker's own pauses between restarts",
    "Service.WorkingDirectory": "whole paths: what counted from it is named in full",
}
"""What takes the place of an option."""

SWITCHES = frozenset({"oom-kill-disable", "privileged", "publish-all", "use-api-socket"})
"""Options whose being off says what the project says too."""
NOT_CARRIED: Mapping[str, str] = {
    "cap-add": NEEDLESS,
    "privileged": f"it would make Moonfire the host's root; {NEEDLESS}",
    "use-api-socket": "whoever can speak to the engine is the host's root",
    "gpus": "Moonfire decodes no video",
    "pid": SEPARATE,
    "ipc": SEPARATE,
    "uts": SEPARATE,
    "cgroupns": SEPARATE,
    "cgroup": SEPARATE,
    "oom-kill-disable": "a recorder that may not be ended stands still when its memory is used up",
    "cpuset-mems": "Compose has no key for it",
    "kernel-memory": "engines ignore it by now",
    "cpu-count": WINDOWS,
    "cpu-percent": WINDOWS,
    "io-maxbandwidth": WINDOWS,
    "io-maxiops": WINDOWS,
    "isolation": WINDOWS,
    "credential-spec": WINDOWS,
    "disable-content-trust": "engines ignore it by now",
    "help": "it only shows docker's help",
    "ip": OLD_NETWORK,
    "ip6": OLD_NETWORK,
    "link-local-ip": OLD_NETWORK,
    "mac-address": OLD_NETWORK,
    "driver-opt": OLD_NETWORK,
    "network-alias": f"{OLD_NETWORK}; what called Moonfire by that name can use the https address",
    "link": "it led to a container beside the old one; name its address with extra_hosts",
    "links": "it led to a container beside the old one; name its address with extra_hosts",
    "external-links": "it led to a container beside the old one; name its address with extra_hosts",
    "volumes-from": "name the directories themselves in compose.override.yaml",
    "volume-driver": f"volumes of another driver are the host's matter; {WRITE_IT}",
    "env-file": f"its variables are not known here; {WRITE_IT}",
    "label-file": f"its labels are not known here; {WRITE_IT}",
    "extends": f"the file that it names is not read; {WRITE_IT}",
    "deploy": f"limits of its kind have settings and keys of their own; {WRITE_IT}",
    "profiles": "the project always starts Moonfire",
    "scale": "only one Moonfire can have the database open",
    "Service.EnvironmentFile": f"its variables are not known here; {WRITE_IT}",
    "Service.Nice": "Compose has no key for it; give Moonfire cpu_shares in compose.override.yaml",
    "Service.ExecStartPre": "nothing runs on the host before the container starts",
    "Service.ExecStartPost": "nothing runs on the host once the container runs",
    "Service.ExecStopPost": "nothing runs on the host once the container ended",
}
"""Why an option is left out."""

BY_PREFIX: Mapping[str, str] = {
    "Service.": "it is systemd's own, and Moonfire runs in a container now",
    "Unit.": "Docker starts the container, in no order with systemd's units",
    "Install.": "Docker starts the container at boot",
}
"""Reasons for all other keys of a unit."""
UNFAMILIAR = f"nvrstack does not know it; {WRITE_IT}"
NOT_UNDERSTOOD = f"its value is not understood; {WRITE_IT}"
